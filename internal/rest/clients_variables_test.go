package rest_test

import (
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
)

// variableOf is the uuid of a variable of the resource that the word in braces stands for.
func (s clientScene) variableOf(word, key string, preview bool) string {
	return catalog.VariableUUID(catalog.ID(s.words.Replace(word)), key, preview)
}

// cliVariable is a variable as coolify-cli 1.8 decodes it.
type cliVariable struct {
	UUID, Key, Value string
	IsBuildTime      bool    `json:"is_buildtime"`
	IsPreview        bool    `json:"is_preview"`
	IsLiteral        bool    `json:"is_literal"`
	IsShownOnce      bool    `json:"is_shown_once"`
	IsRuntime        bool    `json:"is_runtime"`
	IsShared         bool    `json:"is_shared"`
	Comment          *string `json:"comment"`
	RealValue        *string `json:"real_value"`
}

// TestVariablesOfCoolifyCLI: it finds a variable in the list, by its key or its uuid, before
// it changes or removes it.
func TestVariablesOfCoolifyCLI(t *testing.T) {
	for _, c := range []struct {
		kind, word          string
		create, change, all resttest.Object
	}{
		{
			kind: "applications", word: "{image}",
			create: resttest.Object{"key": "API_KEY", "value": "one", "is_buildtime": true,
				"is_preview": false, "is_literal": false, "is_multiline": false, "is_runtime": true,
				"comment": "of the API"},
			change: resttest.Object{"key": "API_KEY", "value": "two", "is_buildtime": false},
			all: resttest.Object{"key": "API_KEY", "value": "three", "is_buildtime": true,
				"is_preview": false},
		},
		{
			kind: "services", word: "{service}",
			create: resttest.Object{"key": "API_KEY", "value": "one", "is_build_time": true,
				"is_literal": false, "is_multiline": false, "is_runtime": true, "comment": "of the API"},
			change: resttest.Object{"key": "API_KEY", "value": "two", "is_build_time": false},
			all:    resttest.Object{"key": "API_KEY", "value": "three", "is_build_time": true},
		},
		{
			kind: "databases", word: "{database}",
			create: resttest.Object{"key": "API_KEY", "value": "one", "is_literal": false,
				"is_multiline": false, "is_shown_once": false, "comment": "of the API"},
			change: resttest.Object{"key": "API_KEY", "value": "two"},
			all:    resttest.Object{"key": "API_KEY", "value": "three", "is_literal": true},
		},
	} {
		t.Run(c.kind, func(t *testing.T) {
			s := newClientScene(t)
			envs, listed, changed := "/api/v1/"+c.kind+"/"+c.word+"/envs", []cliVariable{}, []cliVariable{}
			s.run(t, []exchange{
				{"POST", envs, c.create, 201, new(cliVariable)},
				{"PATCH", envs, c.change, 201, new(cliVariable)},
				{"GET", envs, nil, 200, &listed},
				{"PATCH", envs + "/bulk", resttest.Object{"data": []resttest.Object{c.all,
					{"key": "PORT", "value": "80"}}}, 201, &changed},
				{"DELETE", envs + "/" + s.variableOf(c.word, "API_KEY", false), nil, 200, nil},
			})
			if got := find(listed, "API_KEY"); got.Value != "two" || got.RealValue == nil ||
				got.UUID != s.variableOf(c.word, "API_KEY", false) || got.Comment == nil {
				t.Errorf("listed = %+v, want the changed value", listed)
			}
			if len(changed) != 2 || find(changed, "API_KEY").Value != "three" {
				t.Errorf("changed = %+v, want the two that were sent", changed)
			}
		})
	}
}

// find returns the variable with the key, or an empty one.
func find(all []cliVariable, key string) cliVariable {
	for _, v := range all {
		if v.Key == key {
			return v
		}
	}
	return cliVariable{}
}

// TestVariablesOfMCPServer: it reads the message of a change, and masks values itself.
func TestVariablesOfMCPServer(t *testing.T) {
	type variable struct {
		UUID, Key   string
		Value       *string
		IsBuildtime bool    `json:"is_buildtime"`
		IsRuntime   bool    `json:"is_runtime"`
		IsLiteral   bool    `json:"is_literal"`
		IsMultiline bool    `json:"is_multiline"`
		IsPreview   bool    `json:"is_preview"`
		IsShownOnce bool    `json:"is_shown_once"`
		RealValue   *string `json:"real_value"`
	}
	s := newClientScene(t)
	for kind, word := range map[string]string{
		"applications": "{image}", "services": "{service}", "databases": "{database}",
	} {
		envs := "/api/v1/" + kind + "/" + word + "/envs"
		s.run(t, []exchange{
			{"POST", envs, resttest.Object{"key": "A", "value": "1", "is_preview": false, "is_literal": true,
				"is_multiline": false, "is_shown_once": false, "is_buildtime": true, "is_runtime": true}, 201,
				new(uuidAnswer)},
			{"PATCH", envs, resttest.Object{"key": "A", "value": "2", "is_buildtime": false}, 201,
				new(message)},
			{"PATCH", envs + "/bulk", resttest.Object{"data": []resttest.Object{
				{"key": "A", "value": "3"}, {"key": "B", "value": "4", "is_preview": true}}}, 201, nil},
			{"GET", envs, nil, 200, new([]variable)},
			{"DELETE", envs + "/" + s.variableOf(word, "B", true), nil, 200, new(message)},
		})
	}
}

// TestVariablesOfTerraformProviders: one adds variables one by one and changes all at once,
// the other does both, with a comment that it sends empty.
func TestVariablesOfTerraformProviders(t *testing.T) {
	t.Run("SierraJC", func(t *testing.T) {
		type variable struct {
			UUID, Key, Value *string
			CreatedAt        *string `json:"created_at"`
			ID               *int
			IsBuildTime      *bool   `json:"is_build_time"`
			IsLiteral        *bool   `json:"is_literal"`
			IsPreview        *bool   `json:"is_preview"`
			IsShared         *bool   `json:"is_shared"`
			RealValue        *string `json:"real_value"`
			ResourceableID   *int    `json:"resourceable_id"`
			Version          *string
		}
		s := newClientScene(t)
		for kind, word := range map[string]string{"applications": "{image}", "services": "{service}"} {
			envs := "/api/v1/" + kind + "/" + word + "/envs"
			one := resttest.Object{"is_build_time": false, "is_literal": false, "is_preview": false,
				"key": "A", "value": ""}
			s.run(t, []exchange{
				{"POST", envs, one, 201, new(uuidAnswer)},
				{"GET", envs, nil, 200, new([]variable)},
				{"PATCH", envs + "/bulk", resttest.Object{"data": []resttest.Object{{"is_build_time": false,
					"is_literal": false, "is_multiline": false, "is_preview": false, "is_shown_once": false,
					"key": "A", "value": "2"}}}, 201, nil},
				{"DELETE", envs + "/" + s.variableOf(word, "A", false), nil, 200, nil},
			})
		}
	})
	t.Run("coolify-terraform", func(t *testing.T) {
		type variable struct {
			UUID, Key, Value, Comment string
			IsPreview                 bool `json:"is_preview"`
			IsBuild                   bool `json:"is_buildtime"`
			IsRuntime                 bool `json:"is_runtime"`
			IsLiteral                 bool `json:"is_literal"`
			IsMultiline               bool `json:"is_multiline"`
			IsShownOnce               bool `json:"is_shown_once"`
		}
		s := newClientScene(t)
		for kind, word := range map[string]string{
			"applications": "{image}", "services": "{service}", "databases": "{database}",
		} {
			envs := "/api/v1/" + kind + "/" + word + "/envs"
			one := resttest.Object{"key": "A", "value": "1", "is_preview": false, "is_literal": true,
				"is_multiline": false, "comment": ""}
			if kind == "applications" {
				one["is_buildtime"], one["is_runtime"], one["is_shown_once"] = true, true, false
			}
			s.run(t, []exchange{
				{"POST", envs, one, 201, new(uuidAnswer)},
				{"GET", envs, nil, 200, new([]variable)},
				{"PATCH", envs, one, 201, nil},
				{"PATCH", envs + "/bulk", resttest.Object{"data": []resttest.Object{
					{"key": "A", "value": "2", "is_preview": false}}}, 201, nil},
				{"DELETE", envs + "/" + s.variableOf(word, "A", false), nil, 200, nil},
			})
		}
	})
}

// TestVariablesOfPythonClients has the requests of coolipy 1.0.0. Its change of many sends a
// list without data, which Coolify refuses, too.
func TestVariablesOfPythonClients(t *testing.T) {
	type variable struct {
		UUID, Key, Value *string
		ID               *int
		IsBuildTime      *bool   `json:"is_build_time"`
		IsPreview        *bool   `json:"is_preview"`
		Order            *string `json:"order"`
		Version          *string
		CreatedAt        *string `json:"created_at"`
	}
	s := newClientScene(t)
	for kind, word := range map[string]string{"applications": "{image}", "services": "{service}"} {
		envs := "/api/v1/" + kind + "/" + word + "/envs"
		one := resttest.Object{"key": "A", "value": "1", "is_preview": false, "is_build_time": false,
			"is_literal": true, "is_multiline": false, "is_shown_once": false}
		s.run(t, []exchange{
			{"GET", envs, nil, 200, new([]variable)},
			{"POST", envs, one, 201, new(variable)},
			{"PATCH", envs, one, 201, nil},
			{"PATCH", envs + "/bulk", []resttest.Object{one}, 422, new(message)},
			{"DELETE", envs + "/" + s.variableOf(word, "A", false), nil, 200, nil},
		})
	}
}
