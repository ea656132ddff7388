// Package waybill_test holds the rules of the code base that a reviewer would
// otherwise have to remember: who may import whom, and the habits of every file.
package waybill_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// file is one parsed Go file of the module.
type file struct {
	path string // from the module's root, with slashes
	pkg  string // its folder
	test bool
	set  *token.FileSet
	tree *ast.File
}

// arrows says which of the module's packages each package may import. A name
// that ends in "/" means everything below it. fault is for all.
var arrows = map[string][]string{
	"internal/fault":       {},
	"internal/terminal":    {},
	"internal/engine":      {},
	"internal/certificate": {},
	"internal/plainjson":   {},
	"internal/problem":     {},
	"internal/audit":       {},
	"internal/window":      {},
	"internal/catalog": {"internal/audit", "internal/engine", "internal/plainjson",
		"internal/window"},
	"internal/snapshot": {"internal/catalog", "internal/plainjson"},
	"internal/settings": {},
	"internal/notify": {"internal/catalog", "internal/deployment", "internal/plainjson",
		"internal/schedule", "internal/terminal"},
	"internal/tracing":         {"internal/deployment", "internal/notify", "internal/plainjson"},
	"internal/notify/outbound": {"internal/notify", "internal/terminal"},
	"internal/aws/mail":        {"internal/aws/outage", "internal/catalog", "internal/notify"},
	"internal/oplog":           {},
	"internal/redact":          {},
	"internal/access":          {"internal/audit", "internal/catalog"},
	"internal/idempotency":     {},
	"internal/logbook":         {},
	"internal/openapi":         {"internal/access", "internal/catalog"},
	"internal/remote":          {},
	"internal/deployment": {"internal/audit", "internal/logbook", "internal/catalog", "internal/snapshot",
		"internal/window"},
	"internal/schedule":          {"internal/audit", "internal/catalog", "internal/deployment"},
	"internal/statistics":        {"internal/catalog", "internal/deployment"},
	"internal/trigger/requested": {},
	"internal/trigger": {"internal/catalog", "internal/composefile", "internal/deployment",
		"internal/schedule"},
	"internal/secrets":     {"internal/catalog", "internal/redact"},
	"internal/composefile": {},
	"internal/template":    {"internal/catalog", "internal/composefile"},
	"internal/recipe": {"internal/catalog", "internal/composefile", "internal/deployment", "internal/engine",
		"internal/remote", "internal/template"},
	"internal/inspect": {"internal/catalog", "internal/recipe", "internal/redact", "internal/remote",
		"internal/remote/route"},
	"internal/runner": {"internal/engine", "internal/inspect", "internal/snapshot", "internal/catalog",
		"internal/deployment", "internal/logbook", "internal/recipe",
		"internal/redact", "internal/remote", "internal/remote/route", "internal/secrets",
		"internal/terminal"},
	"internal/webhook": {"internal/catalog"},
	"internal/wire": {"internal/access", "internal/audit", "internal/catalog", "internal/composefile",
		"internal/deployment", "internal/engine", "internal/notify", "internal/plainjson",
		"internal/schedule", "internal/snapshot", "internal/statistics", "internal/trigger",
		"internal/window"},
	"internal/rest": {"internal/access", "internal/audit", "internal/catalog", "internal/deployment",
		"internal/idempotency", "internal/openapi", "internal/oplog", "internal/plainjson",
		"internal/problem", "internal/settings", "internal/terminal"},
	"internal/rest/catalogapi": {"internal/access", "internal/audit", "internal/catalog",
		"internal/certificate", "internal/deployment", "internal/engine", "internal/idempotency",
		"internal/notify", "internal/openapi/schema", "internal/plainjson", "internal/redact",
		"internal/rest", "internal/schedule", "internal/snapshot", "internal/webhook", "internal/window",
		"internal/wire"},
	"internal/rest/deployapi": {"internal/access", "internal/audit", "internal/catalog",
		"internal/deployment", "internal/idempotency", "internal/openapi/schema", "internal/rest",
		"internal/snapshot", "internal/wire"},
	"internal/rest/inspectapi": {"internal/access", "internal/catalog", "internal/deployment",
		"internal/inspect", "internal/openapi/schema", "internal/plainjson", "internal/recipe",
		"internal/redact", "internal/rest", "internal/secrets", "internal/snapshot", "internal/terminal",
		"internal/wire"},
	"internal/rest/listapi": {"internal/access", "internal/catalog", "internal/deployment",
		"internal/openapi/document", "internal/rest", "internal/statistics", "internal/trigger",
		"internal/wire"},
	"internal/rest/triggerapi": {"internal/access", "internal/catalog", "internal/deployment",
		"internal/rest", "internal/trigger", "internal/webhook"},
	"internal/rest/showapi": {"internal/access", "internal/catalog", "internal/deployment",
		"internal/logbook", "internal/plainjson", "internal/rest", "internal/snapshot", "internal/terminal",
		"internal/wire"},
	"internal/boot": {"internal/settings", "internal/oplog", "internal/aws/gateway"},
	"internal/memory": {"internal/audit", "internal/snapshot", "internal/catalog", "internal/deployment",
		"internal/idempotency", "internal/logbook", "internal/access", "internal/notify",
		"internal/schedule", "internal/statistics", "internal/trigger", "internal/webhook"},
	"internal/openapi/schema":   {"internal/openapi"},
	"internal/openapi/document": {},
	"internal/remote/sshkey":    {"internal/catalog"},
	"internal/remote/route":     {"internal/remote", "internal/catalog"},
	"internal/remote/sshrun": {"internal/remote", "internal/remote/route", "internal/remote/sshkey",
		"internal/catalog"},
	"internal/remote/remotetest": {"internal/remote"},
	"internal/aws/outage":        {},
	"internal/aws/account":       {"internal/settings", "internal/aws/outage"},
	"internal/aws/session":       {"internal/settings", "internal/aws/account"},
	"internal/aws/dynamostore": {"internal/audit", "internal/aws/outage", "internal/catalog",
		"internal/deployment", "internal/idempotency", "internal/logbook", "internal/access",
		"internal/notify", "internal/schedule", "internal/statistics", "internal/trigger",
		"internal/window"},
	"internal/aws/s3archive": {"internal/aws/outage", "internal/catalog", "internal/deployment",
		"internal/logbook", "internal/snapshot"},
	"internal/aws/sqsqueue": {"internal/catalog", "internal/deployment", "internal/notify",
		"internal/tracing", "internal/trigger"},
	"internal/aws/parameters": {"internal/aws/outage", "internal/catalog", "internal/plainjson",
		"internal/tracing", "internal/webhook"},
	"internal/aws/metrics":  {"internal/deployment"},
	"internal/aws/eventbus": {"internal/deployment", "internal/wire"},
	"internal/aws/gateway": {"internal/logbook", "internal/oplog", "internal/plainjson",
		"internal/problem"},
	"internal/aws/inspection": {"internal/aws/outage", "internal/catalog", "internal/redact",
		"internal/terminal"},
	"internal/aws/scheduler":  {"internal/aws/outage", "internal/plainjson", "internal/schedule"},
	"internal/aws/firsttoken": {},
	"internal/aws/orphans":    {},
	"internal/aws/restore":    {},
	"internal/aws/teardown":   {},
	"internal/aws/redrive":    {},
	"infra":                   {"internal/settings", "internal/openapi", "internal/problem"},
}

// roots are folders whose packages compose the others; nobody imports them.
var roots = []string{"functions/", "infra/", "localstack/"}

// suites are packages that only tests import: contracts and test doubles.
var suites = regexp.MustCompile(`(^|/)[a-z]+test$`)

// owners says who alone may import a library, by the start of its path.
var owners = map[string][]string{
	"github.com/aws/aws-sdk-go-v2": {"internal/aws/"},
	"github.com/aws/aws-lambda-go": {"internal/aws/gateway", "internal/boot"},
	"github.com/aws/aws-cdk-go":    {"infra"},
	"github.com/aws/jsii-runtime":  {"infra"},
	"github.com/aws/constructs-go": {"infra"},
	"golang.org/x/crypto/ssh": {"internal/remote/sshkey", "internal/remote/sshrun",
		"internal/remote/remotetest"},
	"github.com/compose-spec":       {"internal/recipe"},
	"github.com/klauspost/compress": {"internal/logbook"},
	"golang.org/x/time":             {"internal/access"},
	// The verification that the specification's own authors maintain; it has no dependencies.
	"github.com/standard-webhooks": {"internal/webhook", "internal/notify"},
	// Only tests use it, to compare the runs of schedules.
	"github.com/winebarrel": {},
}

func TestArrows(t *testing.T) {
	for _, f := range files(t) {
		if f.test || suites.MatchString(f.pkg) {
			continue
		}
		for _, spec := range f.tree.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			if local, ok := strings.CutPrefix(path, "waybill/"); ok {
				checkArrow(t, f, local)
			}
			for library, allowed := range owners {
				if strings.HasPrefix(path, library) && !within(f.pkg, allowed) && !testHelper(f.pkg) {
					t.Errorf("%s imports %s, which only %v may", f.path, path, allowed)
				}
			}
		}
	}
}

func checkArrow(t *testing.T, f file, target string) {
	t.Helper()
	if isRoot(target) && !isRoot(f.pkg) {
		t.Errorf("%s imports %s, a composition root", f.path, target)
	}
	if suites.MatchString(target) && f.pkg != "localstack/demo" {
		t.Errorf("%s imports %s, which is for tests", f.path, target)
	}
	if target == "internal/fault" || (isRoot(f.pkg) && f.pkg != "infra") {
		return
	}
	allowed, listed := arrows[f.pkg]
	if !listed {
		t.Errorf("%s is in no row of the arrows: add %s with what it may import", f.path, f.pkg)
		return
	}
	if !slices.Contains(allowed, target) {
		t.Errorf("%s imports %s; %s may import %v", f.path, target, f.pkg, allowed)
	}
}

// TestOnlyTwoFunctionsConnectToServers: what a server sends is parsed by functions that can write
// neither tokens nor definitions.
func TestOnlyTwoFunctionsConnectToServers(t *testing.T) {
	imports := map[string][]string{}
	for _, f := range files(t) {
		for _, spec := range f.tree.Imports {
			local, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), "waybill/")
			if ok && !f.test {
				imports[f.pkg] = append(imports[f.pkg], local)
			}
		}
	}
	var connects []string
	for pkg := range imports {
		if strings.HasPrefix(pkg, "functions/") && reaches(imports, pkg, "internal/remote/sshrun") {
			connects = append(connects, pkg)
		}
	}
	slices.Sort(connects)
	if want := []string{"functions/inspect", "functions/runner"}; !slices.Equal(connects, want) {
		t.Errorf("%v can connect to servers, want %v", connects, want)
	}
}

// reaches reports whether a package imports another one, directly or not.
func reaches(imports map[string][]string, from, to string) bool {
	seen := map[string]bool{}
	for next := []string{from}; len(next) > 0; next = next[1:] {
		if next[0] == to {
			return true
		}
		if !seen[next[0]] {
			seen[next[0]] = true
			next = append(next, imports[next[0]]...)
		}
	}
	return false
}

func TestHabits(t *testing.T) {
	comments := map[string]int{}
	for _, f := range files(t) {
		if f.test {
			continue
		}
		if f.tree.Doc != nil {
			comments[f.pkg]++
		} else if _, seen := comments[f.pkg]; !seen {
			comments[f.pkg] = 0
		}
		documented(t, f)
		variables(t, f)
		calls(t, f)
	}
	for pkg, n := range comments {
		if n != 1 {
			t.Errorf("package %s has %d package comments, want 1 that says what it is for", pkg, n)
		}
	}
}

// documented checks that every exported name says what it is.
func documented(t *testing.T, f file) {
	t.Helper()
	for _, decl := range f.tree.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Name.Name == "init" {
				t.Errorf("%s has an init function", f.at(decl.Pos()))
			}
			if decl.Name.IsExported() && exportedReceiver(decl) && decl.Doc == nil {
				t.Errorf("%s: %s has no comment", f.at(decl.Pos()), decl.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if named, ok := spec.(*ast.TypeSpec); ok && named.Name.IsExported() && decl.Doc == nil &&
					named.Doc == nil {
					t.Errorf("%s: type %s has no comment", f.at(spec.Pos()), named.Name.Name)
				}
				if value, ok := spec.(*ast.ValueSpec); ok && value.Names[0].IsExported() &&
					decl.Doc == nil && value.Doc == nil && value.Comment == nil {
					t.Errorf("%s: %s has no comment", f.at(spec.Pos()), value.Names[0].Name)
				}
			}
		}
	}
}

// variables checks that packages keep no state: errors, tables, embedded files
// and interface guards are all there may be.
func variables(t *testing.T, f file) {
	t.Helper()
	for _, decl := range f.tree.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.VAR {
			continue
		}
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			if value.Names[0].Name == "_" || embedded(group, value) {
				continue
			}
			if len(value.Values) != 1 || !readOnly(value.Values[0]) {
				t.Errorf("%s: package variable %s is neither an error, a table, an embedded file nor a guard",
					f.at(spec.Pos()), value.Names[0].Name)
			}
		}
	}
}

func embedded(group *ast.GenDecl, value *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{group.Doc, value.Doc} {
		if doc == nil {
			continue
		}
		for _, line := range doc.List {
			if strings.HasPrefix(line.Text, "//go:embed") {
				return true
			}
		}
	}
	return false
}

// readOnly reports whether the expression makes a table or a constant-like
// value: a composite literal or one of a few constructors.
func readOnly(expr ast.Expr) bool {
	switch expr := expr.(type) {
	case *ast.CompositeLit:
		return true
	case *ast.CallExpr:
		name := callName(expr)
		return slices.Contains([]string{
			"errors.New", "fault.New", "regexp.MustCompile", "strings.NewReplacer", "sync.OnceValue",
			"sync.OnceValues", "template.Must", "big.NewInt", "base64.NewEncoding",
		}, name) ||
			strings.HasPrefix(name, "base64.") || strings.HasPrefix(name, "crc32.")
	}
	return false
}

// calls checks what code may not do: panic, read the clock or the environment
// below the composition roots, or end the process.
func calls(t *testing.T, f file) {
	t.Helper()
	ast.Inspect(f.tree, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch name := callName(call); name {
		case "panic":
			t.Errorf("%s panics", f.at(call.Pos()))
		case "time.Now", "time.Since", "time.Until":
			if !isRoot(f.pkg) && !testHelper(f.pkg) {
				t.Errorf("%s calls %s; the clock comes in as an option", f.at(call.Pos()), name)
			}
		case "os.Getenv", "os.LookupEnv", "os.Environ":
			if !within(f.pkg, []string{"internal/boot", "infra/", "localstack/"}) && !testHelper(f.pkg) {
				t.Errorf("%s reads the environment", f.at(call.Pos()))
			}
		case "os.Exit", "log.Fatal":
			if !isRoot(f.pkg) && f.pkg != "internal/boot" {
				t.Errorf("%s ends the process", f.at(call.Pos()))
			}
		}
		return true
	})
}

// TestMainsAreShort allows a function one file of 40 lines of code, besides the
// imports: it connects packages and has no logic that a test would need.
func TestMainsAreShort(t *testing.T) {
	mains, err := filepath.Glob("functions/*/main.go")
	if err != nil || len(mains) == 0 {
		t.Fatalf("no functions found: %v", err)
	}
	imports := regexp.MustCompile(`(?s)\nimport \(.*?\n\)\n`)
	code := regexp.MustCompile(`(?m)^\s*[^/\s]`)
	for _, path := range mains {
		files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.go"))
		if err != nil || len(files) != 1 {
			t.Errorf("the Go files are %q, want main.go alone (%v)", files, err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := len(code.FindAll(imports.ReplaceAll(text, nil), -1)); lines > 40 {
			t.Errorf("%s has %d lines of code, at most 40 may be", path, lines)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "event.json")); err != nil {
			t.Errorf("%s has no sample event beside it: %v", path, err)
		}
	}
}

// named finds paths of this repository in a document: in backticks, with a
// slash or a known ending.
var named = regexp.MustCompile("`((?:functions|infra|internal|localstack|docs|\\.ci)/[A-Za-z0-9_./-]*|" +
	"[a-z_]+\\.go|Makefile|openapi\\.yaml)`")

func TestDocumentsNameWhatExists(t *testing.T) {
	documents, _ := filepath.Glob("docs/*.md")
	decisions, _ := filepath.Glob("docs/decisions/*.md")
	for _, document := range append(append(documents, decisions...), "README.md", "CONTRIBUTING.md",
		"CHANGELOG.md") {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			path := match[1]
			if path == "openapi.yaml" {
				path = "internal/openapi/openapi.yaml"
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s names %s, which is not there", document, path)
			}
		}
	}
}

// files parses every Go file of the module.
func files(t *testing.T) []file {
	t.Helper()
	var all []file
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." &&
			(strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" ||
				entry.Name() == "testdata") { // no part of the module for go either
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		tree, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, file{path: filepath.ToSlash(path), pkg: filepath.ToSlash(filepath.Dir(path)),
			test: strings.HasSuffix(path, "_test.go"), set: set, tree: tree})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (f file) at(pos token.Pos) string { return f.set.Position(pos).String() }

func isRoot(pkg string) bool { return within(pkg, roots) }

func testHelper(pkg string) bool { return suites.MatchString(pkg) || pkg == "localstack/e2e" }

// within reports whether the package is one of the names, or below one that
// ends in a slash.
func within(pkg string, names []string) bool {
	for _, name := range names {
		if pkg == strings.TrimSuffix(name, "/") ||
			(strings.HasSuffix(name, "/") && strings.HasPrefix(pkg, name)) {
			return true
		}
	}
	return false
}

func callName(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		if base, ok := fun.X.(*ast.Ident); ok {
			return base.Name + "." + fun.Sel.Name
		}
	}
	return ""
}

// exportedReceiver reports whether a method belongs to an exported type; the
// methods of others are no part of a package's face.
func exportedReceiver(decl *ast.FuncDecl) bool {
	if decl.Recv == nil {
		return true
	}
	expr := decl.Recv.List[0].Type
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	if generic, ok := expr.(*ast.IndexExpr); ok {
		expr = generic.X
	}
	name, ok := expr.(*ast.Ident)
	return ok && name.IsExported()
}
