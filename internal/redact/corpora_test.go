package redact_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// mixedText looks like the output of package managers, web servers, kubectl and
// services that log in JSON. Two lines in twenty-five have an anchor of a pattern,
// and few of these have a secret.
func mixedText(size int) []byte {
	random := rand.New(rand.NewPCG(11, 11))
	var out bytes.Buffer
	out.Grow(size + 4096)
	for i := 0; out.Len() < size; i++ {
		a, b := random.Uint64(), random.Uint64()
		switch i % 25 {
		case 0:
			fmt.Fprintf(&out,
				"{\"time\":%d,\"msg\":\"token refreshed\",\"token\":\"q8Zk%012xN4vB\",\"user\":%d}\n",
				1767000000+i, a>>16, b%900)
		case 12:
			fmt.Fprintf(&out,
				"web-1  | DATABASE_URL=postgres://app:%08x@db:5432/shop pool=%d\n", uint32(a), b%90)
		case 1, 6, 11, 16, 21:
			fmt.Fprintf(&out,
				"10.0.%d.%d - - [02/Jan/2026:03:04:05 +0000] \"GET /api/v1/things/%d HTTP/1.1\" 200 %d "+
					"\"-\" \"curl/8.5.0\"\n",
				a%256, b%256, a%5000, b%9000)
		case 2, 7, 13, 17, 22:
			fmt.Fprintf(&out,
				"Get:%d http://deb.debian.example/debian bookworm/main amd64 libpackage%d amd64 "+
					"1.%d-%d [%d kB]\n",
				i%90, a%900, b%20, a%9, b%900)
		case 3, 8, 14, 18, 23:
			fmt.Fprintf(&out,
				"{\"level\":\"info\",\"time\":%d,\"msg\":\"request "+
					"done\",\"path\":\"/things/%d\",\"took\":\"%dms\",\"id\":\"%016x\"}\n",
				1767000000+i, a%5000, b%90, a)
		case 4, 9, 15, 19, 24:
			fmt.Fprintf(&out, "pod/shop-web-%08x-%05x   1/1     Running   %d          %dm\n",
				uint32(a), b>>44, a%3, b%60)
		default:
			fmt.Fprintf(&out,
				"npm http fetch GET 200 https://registry.npm.example/package-%d %dms (cache miss)\n",
				a%900, b%900)
		}
	}
	return out.Bytes()
}

// denseText has an anchor in every line: answers of OAuth servers, a dump of a table,
// minified JSON.
func denseText(size int) []byte {
	random := rand.New(rand.NewPCG(13, 13))
	var out bytes.Buffer
	out.Grow(size + 4096)
	for i := 0; out.Len() < size; i++ {
		a, b := random.Uint64(), random.Uint64()
		switch i % 3 {
		case 0:
			fmt.Fprintf(&out,
				"{\"access_token\":\"q8Zk%016x%016xN4vB\",\"token_type\":\"Bearer\","+
					"\"expires_in\":3600,\"scope\":\"read write\"}\n",
				a, b)
		case 1:
			fmt.Fprintf(&out,
				"INSERT INTO users (id, name, password, created_at) VALUES (%d, 'user%d', "+
					"'$2y$10$%016x%016x', '2026-01-02');\n",
				i, i, a, b)
		default:
			fmt.Fprintf(&out,
				"{\"id\":%d,\"name\":\"item %d\",\"apiKey\":\"q8Zk%012xmN4v\",\"tags\":[\"a\",\"b\"],"+
					"\"price\":%d,\"stock\":%d,\"note\":\"ships in %d days\"}\n",
				i, i, a>>16, b%9000, a%90, b%9)
		}
	}
	return out.Bytes()
}

// hostileText is one line with an anchor in every six bytes.
func hostileText(size int) []byte { return bytes.Repeat([]byte("token="), size/6) }
