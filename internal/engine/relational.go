package engine

import _ "embed"

//go:embed health/postgresql.sh
var postgresqlHealth string

//go:embed health/mysql.sh
var mysqlHealth string

//go:embed health/mariadb.sh
var mariadbHealth string

// relational are the engines that have SQL on one port and run scripts on an empty
// volume.
var relational = []Engine{
	{
		Name: "postgresql", Title: "PostgreSQL", Image: "postgres:16-alpine", Port: 5432, TLSPort: 5432,
		Settings: []Setting{
			{Field: "postgres_user", Default: "postgres"},
			{Field: "postgres_password", Secret: true},
			{Field: "postgres_db", Default: "postgres", Taken: []string{"template0", "template1"}},
			{Field: "postgres_initdb_args"},
			{Field: "postgres_host_auth_method"},
		},
		SettingsOnce:  true,
		Configuration: "postgres_conf",
		InitScripts:   true,
		Volumes:       []Volume{{Name: "postgres-data"}},
		DataFolders: []DataFolder{
			{Path: "/var/lib/postgresql/data", Mount: "/var/lib/postgresql/data"},
			{Path: "/var/lib/postgresql/%d/docker", Mount: "/var/lib/postgresql", From: 18},
		},
		DataVariable: "PGDATA",
		Versioned:    []string{"postgres", "postgis"},
		Environment: []Variable{
			{"POSTGRES_USER", "%{postgres_user}"}, {"PGUSER", "%{postgres_user}"},
			{"POSTGRES_DB", "%{postgres_db}"},
			{"POSTGRES_PASSWORD_FILE", passwordFile},
			{"POSTGRES_INITDB_ARGS", "%{postgres_initdb_args}"},
			{"POSTGRES_HOST_AUTH_METHOD", "%{postgres_host_auth_method}"},
		},
		Files: []File{{Path: passwordFile, Text: "%{postgres_password}"}},
		ConfigurationFile: ConfigurationFile{
			Path: "/etc/postgresql/postgresql.conf",
			// A user's file that does not set this would listen on loopback only.
			Before:  "listen_addresses = '*'\n",
			Command: []string{"-c", "config_file=/etc/postgresql/postgresql.conf"},
		},
		Command:  []string{"postgres"},
		Health:   postgresqlHealth,
		TLSModes: []string{"require", "allow", "prefer", "verify-ca", "verify-full"},
		TLS: TLS{
			Owner: "postgres:postgres",
			Command: []string{
				"-c", "ssl=on", "-c", "ssl_cert_file=" + CertificateFile, "-c", "ssl_key_file=" + KeyFile,
			},
			Query: map[string]string{
				"allow": "sslmode=allow", "prefer": "sslmode=prefer", "require": "sslmode=require",
				"verify-ca":   "sslmode=verify-ca&sslrootcert=" + trustedFile,
				"verify-full": "sslmode=verify-full&sslrootcert=" + trustedFile,
			},
		},
		Form: URLForm{
			Scheme: "postgres", User: "%{postgres_user}", Password: "%{postgres_password}",
			Path: "%{postgres_db}",
		},
	},
	{
		Name: "mysql", Title: "MySQL", Image: "mysql:8", Port: 3306, TLSPort: 3306,
		Settings: []Setting{
			{Field: "mysql_root_password", Secret: true},
			{Field: "mysql_user", Default: "mysql", Longest: 32, Taken: []string{"root"}},
			{Field: "mysql_password", Secret: true},
			{Field: "mysql_database", Default: "default", Taken: sqlSchemas},
		},
		SettingsOnce:  true,
		Configuration: "mysql_conf",
		Spoils:        "NO_BACKSLASH_ESCAPES",
		InitScripts:   true,
		Volumes:       []Volume{{Name: "mysql-data", Path: "/var/lib/mysql"}},
		Environment: []Variable{
			{"MYSQL_DATABASE", "%{mysql_database}"}, {"MYSQL_USER", "%{mysql_user}"},
			{"MYSQL_ROOT_PASSWORD_FILE", Folder + "/root_password"}, {"MYSQL_PASSWORD_FILE", passwordFile},
		},
		Files: []File{
			// The image writes both unescaped between quotes of SQL and of an option
			// file. Escaped here, they are read correctly in both.
			{Path: Folder + "/root_password", Text: "%{mysql_root_password:option}"},
			{Path: passwordFile, Text: "%{mysql_password:option}"},
			{
				Path: Folder + "/client.cnf",
				Text: "[client]\nhost=127.0.0.1\nuser=%{mysql_user}\npassword=\"%{mysql_password:option}\"\n",
			},
		},
		ConfigurationFile: ConfigurationFile{Path: "/etc/mysql/conf.d/waybill.cnf"},
		Command:           []string{"mysqld"},
		Health:            mysqlHealth,
		TLSModes:          []string{"REQUIRED", "PREFERRED", "VERIFY_CA", "VERIFY_IDENTITY"},
		TLS: TLS{
			Command: []string{
				"--ssl-ca=" + CertificateFile, "--ssl-cert=" + CertificateFile, "--ssl-key=" + KeyFile,
			},
			ModeCommand: map[string][]string{
				"REQUIRED": secureOnly, "VERIFY_CA": secureOnly, "VERIFY_IDENTITY": secureOnly,
			},
			Query: map[string]string{
				"PREFERRED": "ssl-mode=PREFERRED", "REQUIRED": "ssl-mode=REQUIRED",
				"VERIFY_CA":       "ssl-mode=VERIFY_CA&ssl-ca=" + trustedFile,
				"VERIFY_IDENTITY": "ssl-mode=VERIFY_IDENTITY&ssl-ca=" + trustedFile,
			},
		},
		Form: URLForm{
			Scheme: "mysql", User: "%{mysql_user}", Password: "%{mysql_password}", Path: "%{mysql_database}",
		},
	},
	{
		Name: "mariadb", Title: "MariaDB", Image: "mariadb:11", Port: 3306, TLSPort: 3306,
		Settings: []Setting{
			{Field: "mariadb_root_password", Secret: true},
			{Field: "mariadb_user", Default: "mariadb", Taken: []string{"root"}},
			{Field: "mariadb_password", Secret: true},
			{Field: "mariadb_database", Default: "default", Taken: sqlSchemas},
		},
		SettingsOnce:  true,
		Configuration: "mariadb_conf",
		InitScripts:   true,
		Volumes:       []Volume{{Name: "mariadb-data", Path: "/var/lib/mysql"}},
		Environment: []Variable{
			{"MARIADB_DATABASE", "%{mariadb_database}"}, {"MARIADB_USER", "%{mariadb_user}"},
			{"MARIADB_ROOT_PASSWORD_FILE", Folder + "/root_password"},
			{"MARIADB_PASSWORD_FILE", passwordFile},
		},
		Files: []File{
			{Path: Folder + "/root_password", Text: "%{mariadb_root_password}"},
			{Path: passwordFile, Text: "%{mariadb_password}"},
			// The health check does not check the certificate.
			{
				Path: Folder + "/client.cnf",
				Text: "[client]\nhost=127.0.0.1\nuser=%{mariadb_user}\n" +
					"password=\"%{mariadb_password:option}\"\nssl-verify-server-cert=0\n",
			},
		},
		ConfigurationFile: ConfigurationFile{Path: "/etc/mysql/conf.d/waybill.cnf"},
		Command:           []string{"mariadbd"},
		Health:            mariadbHealth,
		TLSModes:          []string{"require"},
		TLS: TLS{
			Command: []string{
				"--ssl-ca=" + CertificateFile, "--ssl-cert=" + CertificateFile, "--ssl-key=" + KeyFile,
				"--require-secure-transport=1"}},
		Form: URLForm{
			Scheme: "mysql", User: "%{mariadb_user}", Password: "%{mariadb_password}",
			Path: "%{mariadb_database}",
		},
	},
}

// secureOnly makes MySQL refuse clients without TLS.
var secureOnly = []string{"--require-secure-transport=1"}

// sqlSchemas are the databases of MySQL and MariaDB themselves.
var sqlSchemas = []string{"mysql", "sys", "information_schema", "performance_schema"}
