package engine

import _ "embed"

//go:embed health/mongodb.sh
var mongodbHealth string

//go:embed health/mongodb.js
var mongodbQuery string

//go:embed health/clickhouse.sh
var clickhouseHealth string

// others are the engines that have little in common with the rest.
var others = []Engine{
	{
		Name: "mongodb", Title: "MongoDB", Image: "mongo:7", Port: 27017, TLSPort: 27017,
		Settings: []Setting{
			{Field: "mongo_initdb_root_username", Default: "root"},
			{Field: "mongo_initdb_root_password", Secret: true},
			{Field: "mongo_initdb_database", Default: "default"},
		},
		SettingsOnce:  true,
		Configuration: "mongo_conf",
		InitScripts:   true,
		Volumes: []Volume{
			{Name: "mongodb-configdb", Path: "/data/configdb"}, {Name: "mongodb-db", Path: "/data/db"},
		},
		Environment: []Variable{
			{"MONGO_INITDB_ROOT_USERNAME", "%{mongo_initdb_root_username}"},
			{"MONGO_INITDB_DATABASE", "%{mongo_initdb_database}"},
			{"MONGO_INITDB_ROOT_PASSWORD_FILE", passwordFile},
		},
		Files: []File{
			// The image reads it after it has changed to the engine's user.
			{Path: passwordFile, Text: "%{mongo_initdb_root_password}", Readable: true},
			{Path: Folder + "/health.js", Text: mongodbQuery},
		},
		ConfigurationFile: ConfigurationFile{
			Path: "/etc/mongo/mongod.conf", Command: []string{"--config", "/etc/mongo/mongod.conf"},
		},
		Command:       []string{"mongod"},
		Health:        mongodbHealth,
		HealthSeconds: 10, // its client takes a second of a processor to start
		TLSModes:      []string{"require", "allow", "prefer", "verify-full"},
		TLS: TLS{
			Bundle: true,
			Command: []string{
				"--tlsCertificateKeyFile=" + KeyFile, "--tlsCAFile=" + CertificateFile,
				"--tlsAllowConnectionsWithoutCertificates",
			},
			ModeCommand: map[string][]string{
				"allow": {"--tlsMode=allowTLS"}, "prefer": {"--tlsMode=preferTLS"},
				"require": {"--tlsMode=requireTLS"}, "verify-full": {"--tlsMode=requireTLS"}},
			Query: map[string]string{
				"allow": "tls=true&tlsInsecure=true", "prefer": "tls=true&tlsInsecure=true",
				"require":     "tls=true&tlsInsecure=true",
				"verify-full": "tls=true&tlsCAFile=" + trustedFile,
			},
		},
		Form: URLForm{
			Scheme: "mongodb", User: "%{mongo_initdb_root_username}",
			Password: "%{mongo_initdb_root_password}",
			Query:    "directConnection=true"},
	},
	{
		Name: "clickhouse", Title: "ClickHouse", Image: "clickhouse/clickhouse-server:25.11", Port: 9000,
		Settings: []Setting{
			{Field: "clickhouse_admin_user", Default: "default", NoDot: true},
			{Field: "clickhouse_admin_password", Secret: true},
			{
				Field: "clickhouse_db", Default: "default",
				Taken: []string{"system", "information_schema", "INFORMATION_SCHEMA"},
			},
		},
		Volumes: []Volume{{Name: "clickhouse-data", Path: "/var/lib/clickhouse"}},
		// The image would write the password into a file, and pass it to a client as an
		// argument.
		Environment: []Variable{{"CLICKHOUSE_SKIP_USER_SETUP", "1"}},
		Files: []File{
			// All versions accept the old name of the root element. Files are read in the
			// order of their names.
			{Path: "/etc/clickhouse-server/config.d/waybill.xml", Readable: true,
				Text: "<yandex><default_database>%{clickhouse_db}</default_database>" +
					// The published image logs to files only; then docker logs would be empty.
					"<logger><console>1</console></logger></yandex>\n"},
			{Path: "/etc/clickhouse-server/users.d/waybill-1.xml", Readable: true,
				Text: "<yandex><users><default remove=\"remove\"/></users></yandex>\n"},
			{Path: "/etc/clickhouse-server/users.d/waybill-2.xml", Readable: true, Text: clickhouseUser},
			{Path: Folder + "/client.xml", Text: clickhouseClient},
		},
		Health: clickhouseHealth,
		Form: URLForm{
			Scheme: "clickhouse", User: "%{clickhouse_admin_user}", Password: "%{clickhouse_admin_password}",
			Path: "%{clickhouse_db}"},
	},
}

// clickhouseUser defines the only user, with the hash of the password.
const clickhouseUser = `<yandex><users><%{clickhouse_admin_user}>
  <password_sha256_hex>%{clickhouse_admin_password:sha256}</password_sha256_hex>
  <networks><ip>::/0</ip></networks>
  <profile>default</profile>
  <quota>default</quota>
  <access_management>1</access_management>
</%{clickhouse_admin_user}></users></yandex>
`

// clickhouseClient is the configuration of the health check's client. It defines the
// name dollar for [xmlText].
const clickhouseClient = `<config>
  <dollar>$</dollar>
  <user>%{clickhouse_admin_user}</user>
  <password>%{clickhouse_admin_password:xml}</password>
</config>
`
