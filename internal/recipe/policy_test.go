package recipe_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// forbidden are compose files that could take a server over, with what is to be
// said of each.
var forbidden = []struct{ name, compose, line, want string }{
	{"a privileged container", "services:\n  web:\n    image: a\n    privileged: true\n", "line 4", "services.web.privileged: this server forbids privileged containers"},
	{"one by an anchor", "x-a: &a\n  privileged: true\nservices:\n  web:\n    <<: *a\n    image: a\n", "line 2", "services.web.privileged: "},
	{"the host's processes", "services:\n  web:\n    image: a\n    pid: host\n", "line 4", "pid: host"},
	{"another container's processes", "services:\n  web:\n    image: a\n    pid: container:x\n", "line 4", "pid: container:x"},
	{"the host's network", "services:\n  web:\n    image: a\n    network_mode: host\n", "line 4", "network_mode: host"},
	{"the host's network by its name", "services:\n  web: {image: a, networks: [h]}\nnetworks:\n  h: {external: true, name: host}\n", "line 4", "the network of the host"},
	{"the host's memory", "services:\n  web: {image: a, ipc: host}\n", "line 2", "ipc: host"},
	{"the host's users", "services:\n  web: {image: a, userns_mode: host}\n", "line 2", "userns_mode: host"},
	{"the host's name", "services:\n  web: {image: a, uts: host}\n", "line 2", "uts: host"},
	{"the host's control groups", "services:\n  web: {image: a, cgroup: host}\n", "line 2", "cgroup: host"},
	{"every capability", "services:\n  web:\n    image: a\n    cap_add:\n      - CHOWN\n      - all\n", "line 6", "the capability ALL"},
	{"a strong capability", "services:\n  web:\n    image: a\n    cap_add: [CAP_SYS_ADMIN]\n", "line 4", "the capability SYS_ADMIN"},
	{"a device", "services:\n  web:\n    image: a\n    devices: ['/dev/sda:/dev/sda']\n", "line 4", "the device /dev/sda"},
	{"rules for devices", "services:\n  web: {image: a, device_cgroup_rules: ['a *:* rwm']}\n", "line 2", "rules for devices"},
	{"no filter of system calls", "services:\n  web:\n    image: a\n    security_opt: ['seccomp:unconfined']\n", "line 4", "the security option seccomp:unconfined"},
	{"no AppArmor", "services:\n  web: {image: a, security_opt: [apparmor=unconfined]}\n", "line 2", "the security option apparmor=unconfined"},
	{"a filter of its own", "services:\n  web: {image: a, security_opt: ['seccomp=./mine.json']}\n", "line 2", "the security option seccomp=./mine.json"},
	{"the root", "services:\n  web:\n    image: a\n    volumes:\n      - data:/x\n      - /:/host\nvolumes: {data: {}}\n", "line 6", "access to /"},
	{"a system folder", "services:\n  web: {image: a, volumes: ['/etc/ssl:/x:ro']}\n", "line 2", "access to /etc/ssl"},
	{"a system folder by a detour", "services:\n  web: {image: a, volumes: ['/srv/../etc:/x']}\n", "line 2", "access to /srv/../etc"},
	{"what a system folder is in", "services:\n  web: {image: a, volumes: ['/var:/x']}\n", "line 2", "access to /var"},
	{"the docker socket", "services:\n  web:\n    image: a\n    volumes:\n      - type: bind\n        source: /var/run/docker.sock\n        target: /s\n", "line 5", "access to /var/run/docker.sock"},
	{"the docker socket by its key", "services:\n  web: {image: a, use_api_socket: true}\n", "line 2", "the docker socket"},
	{"a home", "services:\n  web: {image: a, volumes: ['~/.ssh:/x']}\n", "line 2", "access to ~/.ssh"},
	{"another resource's folder", "services:\n  web: {image: a, volumes: ['../svc000000000000000000002:/x']}\n", "line 2", "access to ../svc000000000000000000002"},
	{"all of Waybill's folder", "services:\n  web: {image: a, volumes: ['/data:/x']}\n", "line 2", "access to /data"},
	{"a system folder by a variable", "services:\n  web: {image: a, volumes: ['${FOLDER}:/x']}\n", "line 2", "access to /etc"},
	{"a system folder by a volume", "services:\n  web: {image: a, volumes: ['data:/x']}\nvolumes:\n  data:\n    driver_opts:\n      type: none\n      o: bind\n      device: /etc\n", "line 8", "access to /etc"},
	{"a system folder by an overlay", "services:\n  web: {image: a, volumes: ['data:/x']}\nvolumes:\n  data:\n    driver_opts: {type: overlay, device: overlay, o: 'lowerdir=/etc,upperdir=/srv/u,workdir=/srv/w'}\n", "line 5", "volumes of type overlay"},
	{"the kernel's own file system", "services:\n  web: {image: a, volumes: ['data:/x']}\nvolumes:\n  data:\n    driver_opts: {type: proc, device: proc}\n", "line 5", "volumes of type proc"},
	{"a secret from a system file", "services:\n  web: {image: a, secrets: [s]}\nsecrets:\n  s: {file: /etc/shadow}\n", "line 4", "access to /etc/shadow"},
	{"another's environment", "services:\n  web:\n    image: a\n    env_file:\n      - ../svc000000000000000000002/.env\n", "line 5", "access to ../svc"},
	{"a build context of the system", "services:\n  web:\n    build:\n      context: /etc\n", "line 4", "access to /etc"},
	{"a privileged build", "services:\n  web:\n    build: {context: 'https://git.example/a.git', privileged: true}\n", "line 3", "privileged builds"},
	{"a privileged hook", "services:\n  web:\n    image: a\n    post_start:\n      - command: id\n        privileged: true\n", "line 5", "privileged hooks"},
	{"a program of the server", "services:\n  web:\n    provider: {type: sh}\n", "line 3", "providers"},
	{"another's volumes", "services:\n  web: {image: a, volumes_from: ['container:x']}\n", "line 2", "the volumes of a container"},
	{"what a profile holds back", "services:\n  web: {image: a}\n  debug: {image: a, privileged: true, profiles: [debug]}\n", "line 3", "services.debug.privileged"},
}

// mild is a compose file with much that is like the forbidden, and is none.
const mild = `services:
  web:
    image: a
    cap_add: [NET_ADMIN, cap_chown]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true", "apparmor=docker-default"]
    network_mode: "service:db"
    volumes: ["./data:/data", "/srv/www:/www", "cache:/cache", "/etc/localtime:/etc/localtime:ro", "/varnish:/v"]
    env_file: [{path: .env, required: false}]
  db:
    image: a
    pid: "service:web2"
    ports: ["80:80"]
    volumes: [{type: tmpfs, target: /t}]
  web2: {image: a, networks: [shared]}
volumes:
  cache: {}
  share: {driver_opts: {type: nfs, o: "addr=10.0.0.1,rw", device: ":/export"}}
networks: {shared: {external: true, name: shared}}
`

func guarded(compose string) *catalog.Service {
	service := composeService(compose)
	service.Environment = []catalog.Variable{{Name: "FOLDER", Value: "/etc"}}
	return service
}

func TestForbidHostAccess(t *testing.T) {
	server := &catalog.Server{DataDir: "/data/waybill", ForbidHostAccess: true}
	for _, c := range forbidden {
		t.Run(c.name+" is refused with its line", func(t *testing.T) {
			err := recipe.Check(t.Context(), guarded(c.compose), server)
			got := strings.Join(fault.Fields(err)["docker_compose"], " ")
			if !errors.Is(err, fault.Invalid) || !strings.Contains(got, c.line+": ") || !strings.Contains(got, c.want) {
				t.Errorf("docker_compose: %q (%v), want %q and %q", got, err, c.line, c.want)
			}
		})
		t.Run(c.name+" is refused again when it is to run", func(t *testing.T) {
			input := recipe.Input{Resource: guarded(c.compose), DataDir: server.DataDir, Operation: catalog.Start, ForbidHostAccess: true}
			_, err := recipe.Build(input)
			if !errors.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			input.ForbidHostAccess = false
			if _, err := recipe.Build(input); err != nil {
				t.Errorf("%v where nothing is forbidden", err)
			}
			input.ForbidHostAccess, input.Operation = true, catalog.Stop
			if _, err := recipe.Build(input); err != nil {
				t.Errorf("%v when it is to be stopped", err)
			}
		})
		t.Run(c.name+" is accepted by a server that forbids nothing", func(t *testing.T) {
			if err := recipe.Check(t.Context(), guarded(c.compose), &catalog.Server{DataDir: "/data/waybill"}); err != nil {
				t.Errorf("%v %v", err, fault.Fields(err))
			}
		})
	}
	t.Run("everything that is wrong is named", func(t *testing.T) {
		err := recipe.Check(t.Context(), guarded("services:\n  web: {image: a, privileged: true, pid: host, volumes: ['/:/a', '/etc:/b']}\n"), server)
		if got := fault.Fields(err)["docker_compose"]; len(got) != 4 {
			t.Errorf("%d reasons, want 4: %q", len(got), got)
		}
	})
	t.Run("what reaches no further than its containers is accepted", func(t *testing.T) {
		if err := recipe.Check(t.Context(), guarded(mild), server); err != nil {
			t.Errorf("%v %v", err, fault.Fields(err))
		}
	})
}

func TestForbidHostAccessRefusesShellApplications(t *testing.T) {
	app := shellApp(catalog.Shell{Start: "./run", Stop: "./halt"})
	err := recipe.Check(t.Context(), app, &catalog.Server{ForbidHostAccess: true})
	if !errors.Is(err, fault.Invalid) || len(fault.Fields(err)["server_uuid"]) != 1 {
		t.Errorf("Check: %v %v, want Invalid of server_uuid", err, fault.Fields(err))
	}
	input := recipe.Input{Resource: app, ForbidHostAccess: true, Secrets: map[string]string{"PASSWORD": password}}
	for operation, refused := range map[catalog.Operation]bool{catalog.Start: true, catalog.Restart: true, catalog.Deploy: true,
		catalog.Stop: false, catalog.Delete: false} {
		input.Operation = operation
		if _, err := recipe.Build(input); errors.Is(err, fault.Invalid) != refused {
			t.Errorf("%s: %v, refused should be %v", operation, err, refused)
		}
	}
}

// TestForbidHostAccessOnTheServer asks the script the same that it asks the
// parser: it judges files that lie in a repository.
func TestForbidHostAccessOnTheServer(t *testing.T) {
	needCompose(t)
	data := t.TempDir()
	resource := guarded("services: {web: {image: a}}\n")
	plan, err := recipe.Build(recipe.Input{Resource: resource, DataDir: data, Deployment: deploymentID, Operation: catalog.Start, ForbidHostAccess: true})
	if err != nil {
		t.Fatal(err)
	}
	plan.Job.Steps = slices.DeleteFunc(plan.Job.Steps, func(step remote.Step) bool { return step.Name != "Check policy" })
	other := filepath.Join(data, "services", "svc000000000000000000002")
	for name, text := range map[string]string{other + "/.env": "A=b\n"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(t *testing.T, compose string) result {
		t.Helper()
		plan.Job.Files[0].Content = []byte(compose)
		return perform(t, plan)[0]
	}
	// One project of all of them, since each question to compose takes its time.
	var whole strings.Builder
	whole.WriteString("include:\n")
	for i, c := range forbidden {
		n := strconv.Itoa(i)
		text := strings.NewReplacer("/data:/x'", data+":/x'", "web:", "web"+n+":", "debug:", "debug"+n+":", "data:/x", "data"+n+":/x",
			"  data:", "  data"+n+":", "{data:", "{data"+n+":").Replace(c.compose)
		plan.Job.Files = append(plan.Job.Files, remote.File{Path: filepath.Join(plan.Job.Folder, "case"+n+".yml"), Content: []byte(text)})
		whole.WriteString("  - " + filepath.Join(plan.Job.Folder, "case"+n+".yml") + "\n")
	}
	r := check(t, whole.String())
	for i, c := range forbidden {
		// compose writes places in full.
		want := strings.NewReplacer("access to ../svc", "access to "+data+"/services/svc", "access to ~", "access to "+os.Getenv("HOME"),
			"access to /data", "access to "+data, "services.web.", "services.web"+strconv.Itoa(i)+".", "services.debug.", "services.debug"+strconv.Itoa(i)+".").Replace(c.want)
		if r.exit == 0 || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit %d, %q; want %q", c.name, r.exit, r.stderr, want)
		}
	}
	t.Run("a link out of the folder is refused", func(t *testing.T) {
		if err := os.MkdirAll(plan.Job.Folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/", filepath.Join(plan.Job.Folder, "link")); err != nil {
			t.Fatal(err)
		}
		if r := check(t, "services: {web: {image: a, volumes: ['./link/srv/../etc:/x']}}\n"); r.exit == 0 || !strings.Contains(r.stderr, "access to ") {
			t.Errorf("exit %d, %q", r.exit, r.stderr)
		}
		if r := check(t, "services: {web: {image: a, volumes: ['./link:/x']}}\n"); r.exit == 0 || !strings.Contains(r.stderr, "/link") {
			t.Errorf("exit %d, %q", r.exit, r.stderr)
		}
	})
	t.Run("values that look like settings are none", func(t *testing.T) {
		r := check(t, "services:\n  web:\n    image: a\n    environment:\n      privileged: 'true'\n      A: |\n        privileged: true\n      \"privileged\\\": \": 'true'\n    labels: {privileged: 'true'}\n    command: ['\"privileged\": true', 'a\"', '/etc']\n")
		if r.exit != 0 {
			t.Errorf("exit %d, %q", r.exit, r.stderr)
		}
	})
	t.Run("what reaches no further than its containers is accepted", func(t *testing.T) {
		if r := check(t, mild); r.exit != 0 {
			t.Errorf("exit %d, %q", r.exit, r.stderr)
		}
	})
}

// TestNobodyMountsWhatWaybillTrusts holds whether or not the server forbids
// access to itself.
func TestNobodyMountsWhatWaybillTrusts(t *testing.T) {
	for _, place := range []string{"/data", "/data/control/services/svc000000000000000000002", "../../control", "/data/runs"} {
		resource := guarded("services: {web: {image: a, volumes: ['" + place + ":/x']}}\n")
		_, err := recipe.Build(recipe.Input{Resource: resource, DataDir: "/data", Operation: catalog.Start})
		if !errors.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), "access to "+place) {
			t.Errorf("%s: %v", place, err)
		}
	}
}

// TestForbidHostAccessOutsideOfTheProject covers paths that are relative to
// something other than the project's folder.
func TestForbidHostAccessOutsideOfTheProject(t *testing.T) {
	for _, text := range []string{
		"services: {web: {image: a, volumes: ['v:/x']}}\nvolumes: {v: {driver_opts: {type: none, o: bind, device: ../../../../etc}}}\n",
		"services: {web: {build: {context: ., dockerfile: /etc/shadow}}}\n",
		"services: {web: {build: {context: ., dockerfile: ../../../../etc/shadow}}}\n",
	} {
		_, err := recipe.Build(recipe.Input{Resource: guarded(text), DataDir: "/data", Operation: catalog.Start, ForbidHostAccess: true})
		if !errors.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), "etc") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
