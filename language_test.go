package waybill_test

import (
	"fmt"
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"
)

// maxTurns is how often a turn of phrase may occur in 10,000 words of comments.
const maxTurns = 2

// maxColumns is the width of a line, with a tab as four columns.
const maxColumns = 110

// turns are phrases that make a reader stop, with what to write instead.
var turns = []struct{ name, pattern, instead string }{
	{"what is", `\b[Ww]hat (?:is|has|was|are|it|they|he)\b`, "the noun itself"},
	{"that of, those that", `\bthat of\b|\bthose of\b|\bthose that\b`, "the noun itself"},
	{"behind", `\bbehind\b`, `"after" for time; "behind" only for a place`},
	{"nobody, somebody", `\b(?:[Nn]obody|[Ss]omebody)\b`, "the caller, a user, another process"},
	{"is none", `\b(?:is|are) none\b`, `"there is no …"`},
	{"goes on", `\bgo(?:es)? on\b`, "continues"},
	{"whoever", `\b[Ww]hoever\b|(?:^|[.:;] )Who [a-z]+s\b`, "the role: a caller, an operator"},
	{"beside", `\b[Bb]eside\b`, `"next to", "with" or "besides"`},
	{"of which", `\bof which\b`, `"whose", or two sentences`},
	{"anew", `\banew\b`, "again"},
}

// notProse matches comments that tools read.
var notProse = regexp.MustCompile(`^//go:|opyright|icens`)

func TestPlainEnglish(t *testing.T) {
	words := 0
	found := make([][]string, len(turns))
	patterns := make([]*regexp.Regexp, len(turns))
	for i, turn := range turns {
		patterns[i] = regexp.MustCompile(turn.pattern)
	}
	read := func(at, line string) {
		words += len(strings.Fields(line))
		for i, pattern := range patterns {
			for range pattern.FindAllString(line, -1) {
				found[i] = append(found[i], at+": "+line)
			}
		}
	}
	for _, f := range files(t) {
		if !f.test {
			eachCommentLine(f, read)
		}
	}
	for _, s := range shellScripts(t) {
		for i, line := range s.lines {
			if comment, is := strings.CutPrefix(strings.TrimSpace(line), "# "); is {
				read(fmt.Sprintf("%s:%d", s.path, i+1), comment)
			}
		}
	}
	for i, turn := range turns {
		if most := maxTurns * words / 10_000; len(found[i]) > most {
			t.Errorf("%q is %d times in %d words of comments, at most %d may be. Write %s.\n%s",
				turn.name, len(found[i]), words, most, turn.instead, strings.Join(found[i], "\n"))
		}
	}
}

// eachCommentLine visits the lines of all comments in a file.
func eachCommentLine(f file, visit func(at, line string)) {
	for _, group := range f.tree.Comments {
		for _, comment := range group.List {
			if !notProse.MatchString(comment.Text) {
				visit(f.at(comment.Pos()), strings.TrimSpace(strings.TrimPrefix(comment.Text, "//")))
			}
		}
	}
}

func TestWidth(t *testing.T) {
	for _, f := range files(t) {
		if ast.IsGenerated(f.tree) {
			continue
		}
		text, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		checkWidth(t, f.path, strings.Split(string(text), "\n"))
	}
	for _, s := range shellScripts(t) {
		checkWidth(t, s.path, s.lines)
	}
}

func checkWidth(t *testing.T, path string, lines []string) {
	t.Helper()
	for i, line := range lines {
		if n := len([]rune(strings.ReplaceAll(line, "\t", "    "))); n > maxColumns {
			t.Errorf("%s:%d has %d columns, at most %d may be", path, i+1, n, maxColumns)
		}
	}
}
