package engine

import _ "embed"

//go:embed health/redis.sh
var redisHealth string

// redisLike are the engines with the protocol of Redis. Their password is in the
// configuration file after the user's part, so that the user's part cannot change it.
var redisLike = []Engine{
	{
		Name: "redis", Title: "Redis", Image: "redis:7.2", Port: 6379, TLSPort: 6380,
		Settings:      []Setting{{Field: "redis_password", Secret: true}},
		Configuration: "redis_conf",
		Volumes:       []Volume{{Name: "redis-data", Path: "/data"}},
		Files:         []File{{Path: passwordFile, Text: "%{redis_password}"}},
		ConfigurationFile: ConfigurationFile{Path: "/usr/local/etc/redis/redis.conf", Always: true,
			Before: "appendonly yes\n", After: "requirepass %{redis_password:conf}\n"},
		Command:  []string{"redis-server", "/usr/local/etc/redis/redis.conf"},
		Health:   redisHealth,
		TLSModes: []string{"require"}, TLS: redisTLS,
		// Before version 6 there are no users.
		Form: URLForm{
			Scheme: "redis", TLSScheme: "rediss", User: "default", UserFrom: 6, Password: "%{redis_password}",
			Path: "0",
		},
	},
	{
		Name: "keydb", Title: "KeyDB", Image: "eqalpha/keydb:x86_64_v6.3.4", Port: 6379, TLSPort: 6380,
		Settings:      []Setting{{Field: "keydb_password", Secret: true}},
		Configuration: "keydb_conf",
		Volumes:       []Volume{{Name: "keydb-data", Path: "/data"}},
		Files:         []File{{Path: passwordFile, Text: "%{keydb_password}"}},
		ConfigurationFile: ConfigurationFile{Path: "/etc/keydb/keydb.conf", Always: true,
			Before: "appendonly yes\n", After: "requirepass %{keydb_password:conf}\n"},
		Command:  []string{"keydb-server", "/etc/keydb/keydb.conf"},
		Health:   redisHealth,
		TLSModes: []string{"require"}, TLS: redisTLS,
		Form: URLForm{
			Scheme: "redis", TLSScheme: "rediss", User: "default", Password: "%{keydb_password}", Path: "0",
		},
	},
	{
		Name: "dragonfly", Title: "Dragonfly", Image: "docker.dragonflydb.io/dragonflydb/dragonfly:v1.34.1",
		Port: 6379, TLSPort: 6380,
		Settings: []Setting{{Field: "dragonfly_password", Secret: true}},
		Volumes:  []Volume{{Name: "dragonfly-data", Path: "/data"}},
		Files:    []File{{Path: passwordFile, Text: "%{dragonfly_password}"}},
		// In a file of flags, everything after the equals sign is the value.
		ConfigurationFile: ConfigurationFile{
			Path: Folder + "/dragonfly.flags", Always: true, After: "--requirepass=%{dragonfly_password}\n",
		},
		Command: []string{
			"dragonfly", "--logtostderr", "--flagfile=" + Folder + "/dragonfly.flags",
		},
		Health:   redisHealth,
		TLSModes: []string{"require"},
		TLS: TLS{
			Configuration: "--port=6380\n--tls=true\n--tls_cert_file=" + CertificateFile +
				"\n--tls_key_file=" + KeyFile + "\n",
		},
		Form: URLForm{
			Scheme: "redis", TLSScheme: "rediss", User: "default", Password: "%{dragonfly_password}",
			Path: "0",
		},
	},
	{
		Name: "valkey", Title: "Valkey", Image: "valkey/valkey:8", Port: 6379, TLSPort: 6380,
		Settings:      []Setting{{Field: "valkey_password", Secret: true}},
		Configuration: "valkey_conf",
		Volumes:       []Volume{{Name: "valkey-data", Path: "/data"}},
		Files:         []File{{Path: passwordFile, Text: "%{valkey_password}"}},
		ConfigurationFile: ConfigurationFile{Path: "/usr/local/etc/valkey/valkey.conf", Always: true,
			Before: "appendonly yes\n", After: "requirepass %{valkey_password:conf}\n"},
		Command:  []string{"valkey-server", "/usr/local/etc/valkey/valkey.conf"},
		Health:   redisHealth,
		TLSModes: []string{"require"}, TLS: redisTLS,
		Form: URLForm{
			Scheme: "redis", TLSScheme: "rediss", User: "default", Password: "%{valkey_password}", Path: "0",
		},
	},
}

// redisTLS closes the port without TLS, and requires no certificate of clients.
var redisTLS = TLS{Configuration: "port 0\ntls-port 6380\ntls-cert-file " + CertificateFile +
	"\ntls-key-file " + KeyFile +
	"\ntls-ca-cert-file " + CertificateFile + "\ntls-auth-clients no\n"}
