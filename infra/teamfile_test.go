package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	infra "waybill/infra"
)

// teamFile reads the options of the team blue with a file, and with what the command line has.
func teamFile(t *testing.T, text string, line ...string) (infra.Options, error) {
	t.Helper()
	folder, context := t.TempDir(), with(line...)
	if err := placeholders(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "blue.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return infra.ReadTeamFile(folder, func(name string) any {
		if name == "functions" {
			return folder
		}
		return context[name]
	})
}

func TestATeamHasItsOptionsInAFile(t *testing.T) {
	got, err := teamFile(t, `{"region": "eu-central-1", "max-runners": 40, "tracing": true,
		"subnets": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], "vpc": "vpc-0a1b2c3d"}`, "max-runners", "50")
	if err != nil {
		t.Fatal(err)
	}
	if got.Region != "eu-central-1" || !got.Tracing || got.Subnets != "subnet-0a1b2c3d,subnet-1a1b2c3d" {
		t.Errorf("the options of the file are %+v", got)
	}
	if got.Limits.MaxRunners != 50 {
		t.Errorf("%d runners; the command line goes before the file", got.Limits.MaxRunners)
	}
}

func TestATeamNeedsNoFile(t *testing.T) {
	folder := t.TempDir()
	if err := placeholders(folder); err != nil {
		t.Fatal(err)
	}
	got, err := infra.ReadTeamFile(folder, func(name string) any {
		return map[string]any{"team": "blue", "functions": folder}[name]
	})
	if err != nil || got.Team != "blue" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAWrongTeamFileIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"max-runner": 40}`:       "blue.json: max-runner is no option",
		`{"team": "green"}`:        "blue.json: team is",
		`{"tags": {"a": "b"}}`:     "blue.json: tags is a text",
		`{"images": ["a,b"]}`:      "blue.json: images is a text",
		`["max-runners"]`:          "blue.json: an object",
		`{"max-runners": 1000000}`: "max-runners=1000000: a number",
	} {
		if _, err := teamFile(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestAnAdoptionIsWhereTheCredentialsAre: the CDK's command line has told the app. Only an adoption asks.
func TestAnAdoptionIsWhereTheCredentialsAre(t *testing.T) {
	t.Setenv("CDK_DEFAULT_ACCOUNT", "123456789012")
	t.Setenv("CDK_DEFAULT_REGION", "eu-central-1")
	for _, c := range []struct {
		context         map[string]any
		account, region any
	}{
		{with(), nil, nil},
		{with("adopt", "true"), "123456789012", "eu-central-1"},
		{with("adopt", "true", "region", "eu-west-1"), "123456789012", "eu-west-1"},
	} {
		lookup := infra.Credentials(func(name string) any { return c.context[name] })
		account, region := lookup("account"), lookup("region")
		if account != c.account || region != c.region {
			t.Errorf("%v: account %v, region %v", c.context, account, region)
		}
	}
}
