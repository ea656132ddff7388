package recipe_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/recipe"
)

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name, compose string
		want          []string
	}{
		{"a variable without a value, once, where it is used first", `services:
  web:
    image: a:${TAG}
    environment: {PASS: "${P}", AGAIN: "$P and $$NOT", WITH: "${KNOWN}", OR: "${D:-x}", ALT: "${E+y}", NEST: "${F:-${G}}"}
`, []string{
			"docker_compose: line 3: services.web.image: the variable TAG has no value, so this is empty. " +
				"Give it a value in environment of the service, or a default as in ${TAG:-default}.",
			"docker_compose: line 4: services.web.environment.PASS: the variable P has no value, so " +
				"this is empty. " +
				"Give it a value in environment of the service, or a default as in ${P:-default}.",
			"docker_compose: line 4: services.web.environment.NEST: the variable G has no value, so " +
				"this is empty. " +
				"Give it a value in environment of the service, or a default as in ${G:-default}.",
		}},
		{"a variable that is only passed on",
			"services:\n  web:\n    image: a\n    environment:\n      - KNOWN\n      - A=b\n      - " +
				"LOST\n  db:\n    image: b\n    environment:\n      GONE:\n      EMPTY: ''\n",
			[]string{
				"docker_compose: line 7: services.web.environment: the variable LOST has no value, so " +
					"the container does not get it. " +
					"Give it a value in environment of the service.",
				"docker_compose: line 11: services.db.environment.GONE: the variable GONE has no " +
					"value, so the container does not get it. " +
					"Give it a value in environment of the service.",
			}},
		{"a build whose folder is empty",
			"services:\n  web:\n    build: .\n  inline:\n    build: {context: ., dockerfile_inline: " +
				"FROM a}\n  remote:\n    build: https://git.example/a.git\n",
			[]string{
				"docker_compose: line 3: services.web.build: its folder is empty on the server. Name " +
					"an image instead, " +
					"register an application that is built from a repository, or give the URL of a " +
					"repository as context:",
			}},
		{"files that are not on the server", `services:
  web:
    image: a
    env_file: [.env, .env.web, {path: maybe.env, required: false}, /etc/web.env]
    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro", "./data:/data", "./conf.d:/conf.d", "/etc/localtime:/etc/localtime", "named:/x.y"]
volumes: {named: {}}
secrets: {key: {file: ./key.txt}, ok: {environment: KNOWN}}
configs: {site: {file: site.conf}, good: {content: hello}}
`, []string{
			"docker_compose: line 4: services.web.env_file: the file .env.web is not on the server. " +
				"Put its variables into environment: of the file or of the service.",
			"docker_compose: line 5: services.web.volumes: the file ./nginx.conf is not on the server, " +
				"so the container gets an empty folder. Use configs: with content: instead.",
			"docker_compose: line 7: secrets.key.file: the file ./key.txt is not on the server. Use " +
				"environment: with the name of a secret variable instead.",
			"docker_compose: line 8: configs.site.file: the file site.conf is not on the server. Use " +
				"content: instead.",
		}},
		{"a variable in an anchor that is used, and not in one that is not",
			"x-used: &used {A: \"${USED}\"}\nx-idle: {A: \"${IDLE}\"}\nservices:\n  web:\n    image: " +
				"a\n    environment:\n      <<: *used\n",
			[]string{
				"docker_compose: line 1: services.web.environment.A: the variable USED has no value, " +
					"so this is empty. " +
					"Give it a value in environment of the service, or a default as in ${USED:-default}.",
			}},
		{"nothing",
			"services:\n  web:\n    image: a\n    environment: {A: \"${KNOWN}\", S: \"${SECRET}\", N: " +
				"\"${COMPOSE_PROJECT_NAME}\"}\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := warned(c.compose)
			if err := recipe.Check(t.Context(), service, &catalog.Server{DataDir: "/data"}); err != nil {
				t.Fatal(err, fault.Fields(err))
			}
			if diff := cmp.Diff(c.want, recipe.Warnings(t.Context(), service)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func warned(compose string) *catalog.Service {
	service := composeService(compose)
	service.Environment = []catalog.Variable{{Name: "KNOWN", Value: "v"}, {Name: "SECRET", Secret: true}}
	return service
}

func TestCheckReportsEverythingAtOnce(t *testing.T) {
	for _, c := range []struct {
		name, compose string
		want          []string
	}{
		{"variables that must have a value",
			"services:\n  web:\n    image: ${IMAGE:?name one}\n    environment: {A: \"${KNOWN:?}\", B: " +
				"\"${B?}\"}\n",
			[]string{
				"line 3: services.web.image: the variable IMAGE must have a value: name one",
				"line 4: services.web.environment.B: the variable B must have a value",
			}},
		{"what is not declared, in the order of the names",
			"services:\n  web:\n    image: a\n    volumes: [\"data:/d\", \"more:/m\"]\n    networks: " +
				"[front]\n  db:\n    image: b\n    volumes:\n      - pg:/d\n    secrets: [key]\n",
			[]string{
				`line 8: service "db" refers to undefined volume pg; declare it under volumes:`,
				`line 10: service "db" refers to undefined secret key; declare it under secrets:`,
				`line 4: service "web" refers to undefined volume data; declare it under volumes:`,
				`line 4: service "web" refers to undefined volume more; declare it under volumes:`,
				`line 5: service "web" refers to undefined network front; declare it under networks:`,
			}},
		{"that every service has a profile",
			"services:\n  web: {image: a, profiles: [debug, tools]}\n  db: {image: b, profiles: [debug]}\n",
			[]string{
				"starts nothing: every service has a profile and none is enabled. Take profiles: from " +
					"at least one service, or set the variable COMPOSE_PROFILES to one of debug, tools",
			}},
		{"an include in a second document", "services: {web: {image: a}}\n---\ninclude: [other.yml]\n",
			[]string{"line 3: include: is not supported; a service is one file"}},
		{"an include by an anchor", "x-a: &a\n  include: [other.yml]\nservices: {web: {image: a}}\n<<: *a\n",
			[]string{"line 2: include: is not supported; a service is one file"}},
		{"an extends by an anchor",
			"x-a: &a\n  extends: {file: other.yml, service: b}\nservices:\n  web:\n    <<: *a\n    " +
				"image: a\n",
			[]string{"line 2: extends: of another file is not supported; a service is one file"}},
		{"an extends in a second document",
			"services: {web: {image: a}}\n---\nservices:\n  db: {extends: {file: o.yml, service: b}}\n",
			[]string{"line 4: extends: of another file is not supported; a service is one file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 3 { // the order must not depend on the order of a map
				err := recipe.Check(t.Context(), warned(c.compose), &catalog.Server{DataDir: "/data"})
				if diff := cmp.Diff(c.want,
					fault.Fields(err)["docker_compose"]); !errors.Is(err, fault.Invalid) || diff != "" {
					t.Fatalf("%v (-want +got)\n%s", err, diff)
				}
			}
		})
	}
}
