package catalog_test

import (
	"strings"
	"testing"

	"waybill/internal/catalog"
)

func TestCheckDockerfile(t *testing.T) {
	draft := func(text string) *catalog.Application {
		return &catalog.Application{Resource: goodResource(), Inline: &catalog.InlineDockerfile{Text: text}}
	}
	for _, good := range []string{
		"FROM scratch",
		"from scratch as base\nRUN true\n",
		"\ufeff# a comment\r\n\r\nFROM\tscratch\r\n",
		"# syntax=docker/dockerfile:1\nARG A=1\nARG B=\\\n# between\n\n  FROM\nFROM scratch:${A}",
		"# escape=`\nARG A=c:\\\nFROM scratch",
		"FROM --platform=linux/arm64 \\\n  scratch",
		"FROM a\n" + strings.Repeat("#", catalog.MaxDockerfileBytes-len("FROM a\n")),
	} {
		wantGood(t, good, draft(good))
	}
	for _, bad := range []string{
		"", " \n", "# FROM scratch", "ARG A=1", "ARG A=\\\nFROM scratch", "RUN true\nFROM scratch", "FROM",
		"FROMAGE scratch", "services: {}", "FROM a\x00", "FROM \xff", "RlJPTSBzY3JhdGNo",
		"FROM a\n" + strings.Repeat("#", catalog.MaxDockerfileBytes),
	} {
		wantProblem(t, "dockerfile", bad, catalog.Check(draft(bad)))
	}
	two := goodBuilt(nil)
	two.Inline = &catalog.InlineDockerfile{Text: "FROM scratch"}
	wantProblem(t, "build_pack", "two forms", catalog.Check(two))
}
