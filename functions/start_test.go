package functions_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/settings"
)

// TestReadersStartFast holds for the functions that people wait for most often. A program
// initialises every package that it links, so one import can double the time of a start:
// BenchmarkStart measures it.
func TestReadersStartFast(t *testing.T) {
	for _, function := range []string{"list", "show"} {
		list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags=lambda.norpc",
			"./"+function)
		output, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		linked := strings.Fields(string(output))
		if !slices.Contains(linked, "waybill/internal/openapi") {
			t.Errorf("%s does not link the table of routes: the test looks at the wrong packages", function)
		}
		for _, slow := range []string{
			"github.com/santhosh-tekuri/jsonschema/", // compiles five schemas when it is initialised
			"github.com/aws/aws-sdk-go-v2/config",    // links every way to sign in
			"github.com/aws/aws-sdk-go-v2/service/ssm",
			"github.com/compose-spec/",
			"html/template",
			"waybill/internal/tracing", "go.opentelemetry.io/", "google.golang.org/protobuf/",
		} {
			if i := slices.IndexFunc(linked, func(path string) bool {
				return strings.HasPrefix(path, slow)
			}); i >= 0 {
				t.Errorf("%s links %s", function, linked[i])
			}
		}
	}
}

// startRounds is how often each function starts in [BenchmarkStart].
const startRounds = 41

// BenchmarkStart compares the time that a function needs from its start to its first
// request to Lambda's Runtime API with the time of a function that does nothing. It
// reports medians of ratios, of rounds in turns. The promise is at most 2.0 for list and
// 2.3 for show, which people wait for.
func BenchmarkStart(b *testing.B) {
	hello := buildFunction(b, "testdata/hello")
	mains, err := filepath.Glob("*/main.go")
	if err != nil || len(mains) == 0 {
		b.Fatalf("no functions found: %v", err)
	}
	built := map[string]string{}
	for _, main := range mains {
		name := filepath.Dir(main)
		built[name] = buildFunction(b, name)
	}
	runtime, environments := newRuntimeAPI(b), startEnvironments(b)
	ratios := map[string][]float64{}
	for b.Loop() {
		for range startRounds {
			yardstick := runtime.start(b, hello, nil)
			for name, path := range built {
				took := runtime.start(b, path, environments[name])
				ratios[name] = append(ratios[name], float64(took)/float64(yardstick))
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for name, all := range ratios {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], name+"/hello")
	}
}

// buildFunction builds a function as it is deployed.
func buildFunction(b *testing.B, folder string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bootstrap")
	build := exec.CommandContext(b.Context(), "go", "build", "-tags", "lambda.norpc", "-trimpath",
		"-ldflags", "-s -w", "-o", path, "./"+folder)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, output)
	}
	return path
}

// runtimeAPI is Lambda's Runtime API, which has no event for anyone.
type runtimeAPI struct {
	address string
	asked   chan time.Time
}

func newRuntimeAPI(b *testing.B) *runtimeAPI {
	api := &runtimeAPI{asked: make(chan time.Time, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/invocation/next") {
			api.asked <- time.Now()
		}
		<-r.Context().Done() // the function is killed
	}))
	b.Cleanup(server.Close)
	api.address = server.Listener.Addr().(*net.TCPAddr).String()
	return api
}

// start starts a function in an environment, and returns the time until it asks for its first event.
func (a *runtimeAPI) start(b *testing.B, path string, environment []string) time.Duration {
	b.Helper()
	var output bytes.Buffer
	function := exec.CommandContext(b.Context(), path)
	function.Env = append(slices.Clip(environment), "AWS_LAMBDA_RUNTIME_API="+a.address)
	function.Stdout = &output
	began := time.Now()
	if err := function.Start(); err != nil {
		b.Fatal(err)
	}
	stop := func() {
		_ = function.Process.Kill()
		_ = function.Wait()
	}
	select {
	case asked := <-a.asked:
		stop()
		return asked.Sub(began)
	case <-time.After(10 * time.Second):
		stop()
		b.Fatalf("%s does not start: %s", path, output.String())
		return 0
	}
}

// startEnvironments are the environments that the stack gives to its functions, by their names.
// What only AWS knows has a value of its own.
func startEnvironments(b *testing.B) map[string][]string {
	b.Helper()
	text, err := os.ReadFile("../infra/testdata/template.json")
	must(b, err)
	var stack struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				FunctionName any
				Environment  struct{ Variables map[string]any }
			}
		}
	}
	must(b, json.Unmarshal(text, &stack))
	environments := map[string][]string{}
	for _, resource := range stack.Resources {
		name, _ := resource.Properties.FunctionName.(string)
		if resource.Type != "AWS::Lambda::Function" || name == "" {
			continue
		}
		variables := []string{settings.Region + "=any", settings.AccessKeyID + "=any",
			settings.SecretAccessKey + "=any"}
		for variable, value := range resource.Properties.Environment.Variables {
			if _, known := value.(string); !known {
				value = "any"
			}
			variables = append(variables, fmt.Sprintf("%s=%s", variable, value))
		}
		environments[strings.TrimPrefix(name, "waybill-golden-")] = variables
	}
	return environments
}
