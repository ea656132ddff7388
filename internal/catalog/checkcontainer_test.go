package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

func withContainer(c catalog.Container) *catalog.Application {
	return goodImage(func(i *catalog.Image) { i.Container = c })
}

func TestCheckPorts(t *testing.T) {
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint(1000 + i)
	}
	for _, good := range [][]string{nil, {"80"}, {" 8080:80", "8443:443 "},
		{"53:53/udp", "53:53/tcp", "54:53"}, {"127.0.0.1:80:80", "10.0.0.1:80:80"},
		{"80", "81", "82/udp"}, {"127.0.0.1::80", "127.0.0.1::81"}, {"8000-8010:80", "8000-8010:81"},
		{"[::1]:80:80", "127.0.0.1:80:80"}, many[:100]} {
		wantGood(t, strings.Join(good, ","), withContainer(catalog.Container{Mappings: good}))
	}
	for _, bad := range [][]string{{"x"}, {""}, {"80", "80"}, {"8080:80", "8080:81"},
		{"8080:80", "8080:80/tcp"}, {"8080:80", "127.0.0.1:8080:80"},
		{"0.0.0.0:8080:80", "127.0.0.1:8080:80"}, {"[::]:8080:80", "127.0.0.1:8080:80"},
		{"8080-8090:80-90", "8085:85"}, {"8080:80", "8079-8080:79-80"},
		{"1-1001:1-1001"}, {"1-600", "1001-1600"}, many} {
		wantProblem(t, "ports_mappings", strings.Join(bad, ","),
			catalog.Check(withContainer(catalog.Container{Mappings: bad})))
	}
	given := []string{" 80"}
	if err := catalog.Check(withContainer(catalog.Container{Mappings: given})); err != nil ||
		given[0] != " 80" {
		t.Errorf("err = %v, and the caller's list is %q", err, given)
	}
	wantGood(t, "exposed ports", withContainer(catalog.Container{Exposes: []int{80, 443, 65535}}))
	for _, bad := range [][]int{{0}, {-1}, {65536}, {80, 80}, make([]int, 101)} {
		err := catalog.Check(withContainer(catalog.Container{Exposes: bad}))
		if len(fault.Fields(err)) != 1 || fault.Fields(err)["ports_exposes"] == nil {
			t.Errorf("%v: %v, want problems of ports_exposes", bad, fault.Fields(err))
		}
	}
	err := catalog.Check(withContainer(catalog.Container{Mappings: []string{"\n" +
		strings.Repeat("x", 1000)}}))
	if problem := fault.Fields(err)["ports_mappings"][0]; len(problem) > 200 {
		t.Errorf("a long mapping is answered in %d bytes", len(problem))
	}
}

func TestCheckLimits(t *testing.T) {
	for _, c := range []struct {
		name        string
		given, want catalog.Limits
	}{
		{"none", catalog.Limits{}, catalog.Limits{}},
		{"upstream's", catalog.Limits{Memory: "0", MemorySwap: "0", MemoryReservation: "0", CPUs: "0",
			CPUShares: 1024}, catalog.Limits{CPUShares: 1024}},
		{"all", catalog.Limits{Memory: "512M", MemorySwap: "1g", MemoryReservation: "256m", CPUs: "1.5",
			CPUSet: "0-2,4", CPUShares: 2},
			catalog.Limits{Memory: "512m", MemorySwap: "1g", MemoryReservation: "256m", CPUs: "1.5",
				CPUSet: "0-2,4", CPUShares: 2}},
		{"all the swap", catalog.Limits{MemorySwap: "-1"}, catalog.Limits{MemorySwap: "-1"}},
		{"bytes", catalog.Limits{Memory: "6291456", MemorySwap: "6144k"},
			catalog.Limits{Memory: "6291456", MemorySwap: "6144k"}},
		{"nothing twice", catalog.Limits{Memory: "0m", CPUs: "0.00"}, catalog.Limits{}},
	} {
		draft := withContainer(catalog.Container{Limits: c.given})
		wantGood(t, c.name, draft)
		if diff := cmp.Diff(draft.Image.Limits, c.want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", c.name, diff)
		}
	}
	for _, c := range []struct {
		field string
		bad   []string
		set   func(*catalog.Limits, string)
	}{
		{"limits_memory", []string{"x", "512mb", "1.5g", "-1", "5m", "1", "512 m", "m",
			strings.Repeat("9", 400), "9999999g", "512m\n", "0x10"},
			func(l *catalog.Limits, v string) { l.Memory = v }},
		{"limits_memory_reservation", []string{"x", "5m"},
			func(l *catalog.Limits, v string) { l.MemoryReservation = v }},
		{"limits_memory_reservation", []string{"2g"},
			func(l *catalog.Limits, v string) { l.Memory, l.MemoryReservation = "1g", v }},
		{"limits_memory_swap", []string{"1g", "-2"}, func(l *catalog.Limits, v string) { l.MemorySwap = v }},
		{"limits_memory_swap", []string{"1g"}, func(l *catalog.Limits, v string) {
			l.Memory,
				l.MemorySwap = "2g", v
		}},
		{"limits_cpus", []string{"x", "-1", "1,5", ".5", "1.", "0.001", "1025", "1e3", "Inf", "NaN",
			strings.Repeat("9", 400)},
			func(l *catalog.Limits, v string) { l.CPUs = v }},
		{"limits_cpuset", []string{"x", "0-", "-1", "3-1", "0,,1", "0 1", "1024", "99999999999999999999",
			strings.Repeat("0,", 200) + "0"},
			func(l *catalog.Limits, v string) { l.CPUSet = v }},
	} {
		for _, value := range c.bad {
			limits := catalog.Limits{}
			c.set(&limits, value)
			wantProblem(t, c.field, value, catalog.Check(withContainer(catalog.Container{Limits: limits})))
		}
	}
	for _, shares := range []int{-1, 1, 262145} {
		wantProblem(t, "limits_cpu_shares", fmt.Sprint(shares),
			catalog.Check(withContainer(catalog.Container{Limits: catalog.Limits{CPUShares: shares}})))
	}
}

func TestCheckHealthCheck(t *testing.T) {
	for _, c := range []struct {
		name        string
		exposes     []int
		given, want catalog.HealthCheck
	}{
		{"none", nil, catalog.HealthCheck{}, catalog.HealthCheck{}},
		{"a command", nil, catalog.HealthCheck{Command: "curl -f 'http://localhost/$X'"},
			catalog.HealthCheck{Command: "curl -f 'http://localhost/$X'"}},
		{"a path", []int{8080, 9090}, catalog.HealthCheck{Path: "/up?deep=1&x=%20"},
			catalog.HealthCheck{Path: "/up?deep=1&x=%20", Port: 8080}},
		{"a port", nil, catalog.HealthCheck{Port: 9090},
			catalog.HealthCheck{Path: "/", Port: 9090}},
		{"off, with numbers", nil, catalog.HealthCheck{Disabled: true, IntervalSeconds: 86400, Retries: 1000},
			catalog.HealthCheck{Disabled: true, IntervalSeconds: 86400, Retries: 1000}},
	} {
		draft := withContainer(catalog.Container{Exposes: c.exposes, Health: c.given})
		wantGood(t, c.name, draft)
		if diff := cmp.Diff(draft.Image.Health, c.want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", c.name, diff)
		}
	}
	for _, c := range []struct {
		name  string
		field string
		check catalog.HealthCheck
	}{
		{"a command and a path", "health_check_command", catalog.HealthCheck{Command: "true", Path: "/"}},
		{"a command with NUL", "health_check_command", catalog.HealthCheck{Command: "\x00"}},
		{"a long command", "health_check_command",
			catalog.HealthCheck{Command: strings.Repeat(":", 64<<10+1)}},
		{"a path without a port", "health_check_port", catalog.HealthCheck{Path: "/"}},
		{"a port out of range", "health_check_port", catalog.HealthCheck{Port: 65536}},
		{"a path without a slash", "health_check_path", catalog.HealthCheck{Port: 80, Path: "up"}},
		{"a path with a space", "health_check_path", catalog.HealthCheck{Port: 80, Path: "/a b"}},
		{"a path with a quote", "health_check_path", catalog.HealthCheck{Port: 80, Path: "/a'b"}},
		{"a path with a variable", "health_check_path", catalog.HealthCheck{Port: 80, Path: "/$(id)"}},
		{"a path with a line end", "health_check_path", catalog.HealthCheck{Port: 80, Path: "/\n"}},
		{"a long path", "health_check_path",
			catalog.HealthCheck{Port: 80, Path: "/" + strings.Repeat("a", 2048)}},
		{"a negative interval", "health_check_interval", catalog.HealthCheck{IntervalSeconds: -1}},
		{"a long timeout", "health_check_timeout", catalog.HealthCheck{TimeoutSeconds: 86401}},
		{"many retries", "health_check_retries", catalog.HealthCheck{Retries: 1001}},
		{"a long start", "health_check_start_period",
			catalog.HealthCheck{StartPeriodSeconds: 86401}},
	} {
		wantProblem(t, c.field, c.name, catalog.Check(withContainer(catalog.Container{Health: c.check})))
	}
}
