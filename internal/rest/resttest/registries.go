package resttest

import "testing"

// RegistryPassword is the password of every registry of a scene.
const RegistryPassword = "the-password-of-a-registry"

// Registry adds a login of an image registry that the server may use.
func (w *World) Registry(t *testing.T, server string) string {
	t.Helper()
	return w.Create(t, "createRegistry", Object{
		"url": "registry.example:5000", "user": "bot", "password": RegistryPassword,
		"server_uuids": []string{server},
	})
}

func (s scene) registrySuccesses(t *testing.T) map[string]success {
	uuid := s.World.Registry(t, s.Server)
	return map[string]success{
		"listRegistries": get("", ""),
		"createRegistry": post(Object{"url": "ghcr.io", "user": "bot", "password": RegistryPassword,
			"resource_uuids": []string{s.Service}}),
		"getRegistry":    get(uuid, ""),
		"updateRegistry": patch(uuid, Object{"url": "quay.io", "password": RegistryPassword}),
		"deleteRegistry": get(s.World.Registry(t, s.Server), ""),
	}
}
