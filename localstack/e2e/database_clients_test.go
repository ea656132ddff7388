package e2e_test

import (
	"encoding/xml"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// dialect is an engine with the client and the queries that tests use for it.
type dialect struct {
	// engine is its name in paths. image is an image of the engine or of its
	// stand-in.
	engine, image string
	// client returns the command that asks a question.
	client func(to target, question string) command
	// keep is a statement that stores a word, and kept is the query for that word.
	keep, kept string
	// question is a query and answer its result. refusal is a part of the message
	// for a wrong password.
	question, answer, refusal string
}

// target is the address of a database, with user and password.
type target struct {
	*url.URL
	// network is docker's name for the network of the client.
	network string
	// certificate is a file with the certificate that the client trusts, "" for no
	// TLS.
	certificate string
}

// command is the command of a client's container. It has the password in the
// environment or in the input: every user of this machine could read it in the
// arguments.
type command struct {
	words, environment []string
	input              string
}

// trusted is the path of the certificate in the connection strings.
const trusted = "/etc/ssl/certs/waybill-ca.crt"

// reach parses a connection string. No message shows the string, because it has a
// password.
func reach(t *testing.T, text string) target {
	t.Helper()
	parsed, err := url.Parse(text)
	if err != nil {
		t.Fatal("the connection string is no URL")
	}
	if _, given := parsed.User.Password(); !given || parsed.Port() == "" {
		t.Fatal("the connection string has no password or no port")
	}
	return target{URL: parsed, network: "waybill"}
}

func (to target) password() string {
	password, _ := to.User.Password()
	return password
}

func (to target) database() string { return strings.TrimPrefix(to.Path, "/") }

// as returns the same target with another password.
func (to target) as(password string) target {
	other := *to.URL
	other.User = url.UserPassword(to.User.Username(), password)
	to.URL = &other
	return to
}

// ask asks a question from another container and returns the client's output.
func (d dialect) ask(t *testing.T, to target, question string) (string, error) {
	t.Helper()
	client := d.client(to, question)
	args := []string{"run", "--rm", "--interactive", "--network", to.network}
	if to.certificate != "" {
		args = append(args, "--volume", to.certificate+":"+trusted+":ro")
	}
	for _, variable := range client.environment {
		name, _, _ := strings.Cut(variable, "=")
		args = append(args, "--env", name)
	}
	run := exec.CommandContext(t.Context(), "docker", append(append(args, d.image), client.words...)...)
	run.Env = append(os.Environ(), client.environment...)
	run.Stdin = strings.NewReader(client.input)
	said, err := run.CombinedOutput()
	return strings.TrimSpace(string(said)), err
}

func (d dialect) wantAnswer(t *testing.T, to target, question, want string) {
	t.Helper()
	if said, err := d.ask(t, to, question); err != nil || said != want {
		t.Errorf("%s: %q says %q (%v), want %q", d.engine, question, said, err, want)
	}
}

// wantRefused checks that the database refuses a wrong password.
func (d dialect) wantRefused(t *testing.T, to target) {
	t.Helper()
	// The wrong password differs from the right one only in its last character.
	password := to.password()
	wrong := password[:len(password)-1] + "?"
	if said, err := d.ask(t, to.as(wrong), d.question); err == nil || !strings.Contains(said, d.refusal) {
		t.Errorf("%s says %q (%v) to a wrong password, want %q", d.engine, said, err, d.refusal)
	}
}

func postgresClient(to target, question string) command {
	environment := []string{"PGHOST=" + to.Hostname(), "PGPORT=" + to.Port(), "PGDATABASE=" + to.database(),
		"PGUSER=" + to.User.Username(), "PGPASSWORD=" + to.password(), "PGCONNECT_TIMEOUT=5"}
	if mode := to.Query().Get("sslmode"); mode != "" {
		environment = append(environment, "PGSSLMODE="+mode, "PGSSLROOTCERT="+to.Query().Get("sslrootcert"))
	}
	return command{environment: environment,
		words: []string{"psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only",
			"--command", question}}
}

func mariadbClient(to target, question string) command {
	tls := []string{"--skip-ssl"}
	if to.certificate != "" {
		tls = []string{"--ssl-ca=" + trusted, "--ssl-verify-server-cert"}
	}
	return sqlClient("mariadb", to, question, tls...)
}

func mysqlClient(to target, question string) command {
	if to.certificate != "" {
		return sqlClient("mysql", to, question, "--ssl-ca="+trusted, "--ssl-mode=VERIFY_IDENTITY")
	}
	return sqlClient("mysql", to, question)
}

func sqlClient(program string, to target, question string, tls ...string) command {
	words := []string{program, "--no-defaults", "--batch", "--skip-column-names",
		"--protocol=tcp", "--connect-timeout=5",
		"--default-character-set=utf8mb4", "--host", to.Hostname(), "--port",
		to.Port(), "--user", to.User.Username(),
		"--database", to.database(), "--execute", question}
	return command{words: append(words, tls...), environment: []string{"MYSQL_PWD=" + to.password()}}
}

// redisClient exits with 1 if the answer is an error.
func redisClient(to target, question string) command {
	return respClient("redis-cli", to, question)
}

func valkeyClient(to target, question string) command {
	return respClient("valkey-cli", to, question)
}

func respClient(program string, to target, question string) command {
	words := []string{program, "-e", "-h", to.Hostname(), "-p", to.Port()}
	if name := to.User.Username(); name != "" {
		words = append(words, "--user", name)
	}
	if to.Scheme == "rediss" {
		words = append(words, "--tls", "--cacert", trusted)
	}
	return command{words: append(words, strings.Fields(question)...),
		environment: []string{"REDISCLI_AUTH=" + to.password()}}
}

// clickhouseClient gives its client a configuration file: this old client reads a
// password only from its arguments or from a file.
func clickhouseClient(to target, question string) command {
	escaped := func(text string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(text))
		// The client's XML library would expand ${NAME}.
		return strings.ReplaceAll(b.String(), "${", "${dollar}{")
	}
	return command{
		words: []string{"sh", "-c", `cat >/tmp/client.xml
exec clickhouse-client --config-file=/tmp/client.xml --host="$DB_HOST" --port="$DB_PORT" \
	--database="$DB_NAME" --multiquery --query="$QUESTION"`},
		environment: []string{"DB_HOST=" + to.Hostname(), "DB_PORT=" + to.Port(), "DB_NAME=" + to.database(),
			"QUESTION=" + question},
		input: "<config><dollar>$</dollar><user>" + escaped(to.User.Username()) + "</user><password>" +
			escaped(to.password()) +
			"</password></config>",
	}
}

// mongoClient takes the question as JavaScript.
func mongoClient(to target, question string) command {
	return command{
		words: []string{"mongosh", "--quiet", "--norc", "mongodb://" + to.Host + "/admin?" + to.RawQuery,
			"--eval", "db.getSiblingDB('admin').auth(process.env.DB_USER, process.env.DB_PASSWORD); print(" +
				question + ")"},
		environment: []string{"DB_USER=" + to.User.Username(), "DB_PASSWORD=" + to.password()},
	}
}

// realEngines returns the engines that Debian has. The others have [standIns].
func realEngines() []dialect {
	return []dialect{
		{engine: "postgresql", image: "waybill-test/postgres:17", client: postgresClient,
			keep:     "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('word')",
			kept:     "SELECT word FROM kept",
			question: "SELECT 40 + 2", answer: "42", refusal: "password authentication failed"},
		{engine: "redis", image: redisImage, client: redisClient, keep: "SET kept word", kept: "GET kept",
			question: "PING", answer: "PONG", refusal: "WRONGPASS"},
		{engine: "mariadb", image: "waybill-test/mariadb:11.8", client: mariadbClient,
			keep:     "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('word')",
			kept:     "SELECT word FROM kept",
			question: "SELECT 40 + 2", answer: "42", refusal: "Access denied"},
		{engine: "clickhouse", image: "waybill-test/clickhouse:18.16", client: clickhouseClient,
			keep:     "CREATE TABLE kept (word String) ENGINE = Log; INSERT INTO kept VALUES ('word')",
			kept:     "SELECT word FROM kept",
			question: "SELECT 40 + 2", answer: "42", refusal: "Wrong password"},
		{engine: "mysql", image: "waybill-test/mysql:9.7", client: mysqlClient,
			keep:     "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('word')",
			kept:     "SELECT word FROM kept",
			question: "SELECT 40 + 2", answer: "42", refusal: "Access denied"},
		{engine: "valkey", image: "waybill-test/valkey:8.1", client: valkeyClient,
			keep: "SET kept word", kept: "GET kept",
			question: "PING", answer: "PONG", refusal: "WRONGPASS"},
	}
}

func standIns() []dialect {
	redisLike := func(engine string) dialect {
		return dialect{engine: engine, image: "waybill-test/redislike:1", client: redisClient,
			keep: "SET kept word", kept: "GET kept",
			question: "PING", answer: "PONG", refusal: "WRONGPASS"}
	}
	return []dialect{
		{engine: "mongodb", image: "waybill-test/ferretdb:1.24", client: mongoClient,
			keep:     "db.getSiblingDB('kept').words.insertOne({word: 'word'}).acknowledged",
			kept:     "db.getSiblingDB('kept').words.findOne().word",
			question: "db.getSiblingDB('kept').none.countDocuments()", answer: "0",
			refusal: "Authentication failed"},
		redisLike("keydb"), redisLike("dragonfly"),
	}
}
