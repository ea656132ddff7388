package redact_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coregx/ahocorasick"

	"waybill/internal/redact"
)

// logText looks like a deployment's output, with a secret about every 256 KiB.
func logText(size int, secrets []string) []byte {
	random := rand.New(rand.NewPCG(7, 7))
	var out bytes.Buffer
	out.Grow(size + 4096)
	next := 256 << 10
	for i := 0; out.Len() < size; i++ {
		a, b := random.Uint64(), random.Uint64()
		if i%40 == 0 { // lines with an @ are not rare, but rarer than the rest
			fmt.Fprintf(&out, "#%d resolve docker.io/library/node:22@sha256:%016x%016x%016x%016x 0.%ds\n",
				i%30, a, b, a+b, a-b, i%10)
			fmt.Fprintf(&out,
				"npm http fetch GET 200 https://registry.npm.example/@scope%%2fpackage-%d %dms (cache "+
					"miss)\n",
				a%900, b%900)
		}
		switch i % 8 {
		case 0:
			fmt.Fprintf(&out, " %012x Downloading [=====>      ] %d.%dMB/%dMB\r", a>>16, i%90, i%10, 100)
		case 1:
			fmt.Fprintf(&out,
				"web-1  | 2026-01-02T03:04:05.%06dZ INFO request id=%016x path=/api/v1/things/%d "+
					"status=200\n",
				i%1000000, a, b%5000)
		case 2:
			fmt.Fprintf(&out,
				"{\"level\":\"info\",\"time\":%d,\"msg\":\"connected to "+
					"%s\",\"port\":%d,\"took\":\"%dms\"}\n",
				1767000000+i, []string{"postgres", "redis", "rabbitmq", "the api"}[b%4], a%65536, b%90)
		case 3:
			fmt.Fprintf(&out,
				"\x1b[32m#%d [build %d/9] RUN apk add --no-cache ca-certificates tzdata\x1b[0m\n",
				i, i%9)
		case 4:
			fmt.Fprintf(&out, "#%d exporting layers sha256:%016x%016x%016x%016x %d.%ds done\n",
				i%30, a, b, a^b, a*b, i%9, i%10)
		case 5:
			fmt.Fprintf(&out, " Container shop-worker-%d  %s\n", i%12,
				[]string{"Creating", "Created", "Starting", "Started", "Healthy"}[a%5])
		case 6:
			fmt.Fprintf(&out,
				"worker-%d  | DEBUG job_id=%x retry_count=%d queue_name=mail_out passed checks in %d "+
					"seconds\n",
				i%4, a, b%5, a%60)
		default:
			fmt.Fprintf(&out,
				"db-1   | LOG:  „checkpoint“ complete: wrote %d buffers (%d.%d%%); write=%d.%03d s, "+
					"sync=0.%03d s\n",
				a%4000, b%90, i%10, b%60, a%1000, b%1000)
		}
		if len(secrets) > 0 && out.Len() >= next {
			out.WriteString("token=" + secrets[random.IntN(len(secrets))] + "\n")
			next += 256 << 10
		}
	}
	return out.Bytes()
}

// manySecrets has secrets of the kinds that deployments have. The shortest has eight
// bytes.
func manySecrets(n int) (out []redact.Secret) {
	random := rand.New(rand.NewPCG(3, 3))
	word := func(letters string, size int) string {
		text := make([]byte, size)
		for i := range text {
			text[i] = letters[random.IntN(len(letters))]
		}
		return string(text)
	}
	const digits = "0123456789abcdef"
	const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + "ghijklmnopqrstuvwxyz" + digits
	for i := range n {
		value := []string{
			word(alnum, 64), word(digits, 32), "base64:" + word(alnum+"+/", 43) + "=",
			"ghp_" + word(alnum, 36),
			"postgres://app:" + word(alnum+"$@!", 20) + "@db:5432/shop", word(alnum+"!#$%&'\"", 8+i/8%16),
			"AKIA" + strings.ToUpper(word(alnum, 16)),
			"eyJhbGciOiJIUzI1NiJ9." + word(alnum, 80) + "." + word(alnum, 43),
		}[i%8]
		out = append(out, redact.Secret{Name: fmt.Sprint("SECRET_", i), Value: value})
	}
	return out
}

// someNeedles picks from the forms of many secrets, and always takes the shortest.
func someNeedles(n int) []string {
	texts, _ := redact.Needles(manySecrets(200))
	random := rand.New(rand.NewPCG(5, 5))
	random.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	slices.SortStableFunc(texts[n-1:], func(a, b string) int { return len(a) - len(b) })
	return texts[:n]
}

// BenchmarkStream compares the matcher, as production runs it and without patterns,
// with other methods on the same text, in turns: a plain copy of the writes; a
// replacer, an Aho-Corasick automaton, or a regular expression for each needle, on
// each line; and the work of Buildkite's agent on each write, except for its output.
// Only the copy moves bytes; the rest count the output. The rates are of CPU time.
// x-copy and x-replacer say how many times as fast as these the matcher was.
//
// In the present corpus hardly a line has an anchor of a pattern. In the mixed one
// 8 % of the lines have one, in the dense one all have, and the hostile one is
// nothing but anchors.
func BenchmarkStream(b *testing.B) {
	size := 64 << 20
	if testing.Short() {
		size = 8 << 20
	}
	for _, n := range []int{1, 10, 100, 1000} {
		needles := someNeedles(n)
		text := logText(size, needles)
		lines := slices.Collect(bytes.Lines(text))
		pieces := slices.Collect(slices.Chunk(text, 32<<10))
		b.Run(fmt.Sprintf("needles=%d/pieces", n), func(b *testing.B) { compare(b, needles, pieces, lines) })
		b.Run(fmt.Sprintf("needles=%d/lines", n), func(b *testing.B) { compare(b, needles, lines, lines) })
	}
	needles := someNeedles(10)
	for _, c := range []struct {
		name string
		text []byte
	}{{"mixed", mixedText(size / 4)}, {"dense", denseText(size / 4)}, {"hostile", hostileText(size / 16)}} {
		pieces := slices.Collect(slices.Chunk(c.text, 32<<10))
		lines := slices.Collect(bytes.Lines(c.text))
		if c.name == "hostile" {
			lines = pieces
		}
		b.Run(c.name+"/needles=10/pieces", func(b *testing.B) { compare(b, needles, pieces, lines) })
	}
}

func compare(b *testing.B, needles []string, writes, lines [][]byte) {
	sink, passed := make([]byte, 0, 64<<10), 0
	count := func(p []byte, _ int) { passed += len(p) }
	values, _ := redact.Literal(needles...)
	valuesOnly, whole := values.Stream(count), redact.WithPatterns(values).Stream(count)
	others := newOthers(b, needles)
	var own, value, plain, replacer, automaton, stepper, expressions rate
	for b.Loop() {
		plain.add(writes, func(p []byte) { sink = append(sink[:0], p...) })
		own.add(writes, whole.Write)
		value.add(writes, valuesOnly.Write)
		stepper.add(writes[:max(1, len(writes)/8)], others.step)
		// The slow methods get less of the text.
		few := lines[:len(lines)/64]
		replacer.add(few, func(p []byte) { passed += len(others.replacer.Replace(string(p))) })
		automaton.add(few, func(p []byte) { passed += others.automate(p) })
		expressions.add(few[:min(len(few), 200_000/len(needles))],
			func(p []byte) { passed += others.match(p) })
		runtime.GC() // collect their garbage now, or the next turn pays for it
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(own.perSecond(), "MB/s")
	b.ReportMetric(value.perSecond(), "values-MB/s")
	b.ReportMetric(plain.perSecond(), "copy-MB/s")
	b.ReportMetric(replacer.perSecond(), "replacer-MB/s")
	b.ReportMetric(automaton.perSecond(), "automaton-MB/s")
	b.ReportMetric(expressions.perSecond(), "regexp-MB/s")
	b.ReportMetric(stepper.perSecond(), "buildkite-MB/s")
	b.ReportMetric(own.perSecond()/stepper.perSecond(), "x-buildkite")
	b.ReportMetric(own.perSecond()/plain.perSecond(), "x-copy")
	b.ReportMetric(own.perSecond()/replacer.perSecond(), "x-replacer")
}

// others are other programs' methods, for the same needles.
type others struct {
	replacer    *strings.Replacer
	automaton   *ahocorasick.Automaton
	expressions []*regexp.Regexp

	// The algorithm of Buildkite's agent, which advances every needle with each byte.
	byFirst       [256][]string
	started, next []begun
	kept          []byte
	matched       int
}

// begun is a needle and how many of its bytes have matched so far.
type begun struct {
	needle string
	met    int
}

// step keeps a write and takes it a byte at a time.
func (o *others) step(p []byte) {
	o.kept = append(o.kept[:0], p...)
	for _, c := range p {
		for _, s := range o.started {
			if s.needle[s.met] != c {
				continue
			}
			if s.met++; s.met < len(s.needle) {
				o.next = append(o.next, s)
			} else {
				o.matched++
			}
		}
		for _, needle := range o.byFirst[c] {
			o.next = append(o.next, begun{needle, 1})
		}
		o.started, o.next = o.next, o.started[:0]
	}
}

func newOthers(b *testing.B, needles []string) *others {
	b.Helper()
	o := &others{}
	var pairs []string
	for _, n := range needles {
		pairs = append(pairs, n, "<REDACTED>")
		o.byFirst[n[0]] = append(o.byFirst[n[0]], n)
		o.expressions = append(o.expressions, regexp.MustCompile(regexp.QuoteMeta(n)))
	}
	o.replacer = strings.NewReplacer(pairs...)
	var err error
	o.automaton, err = ahocorasick.NewBuilder().AddStrings(needles).
		SetMatchKind(ahocorasick.LeftmostLongest).Build()
	if err != nil {
		b.Fatal(err)
	}
	return o
}

// automate counts the bytes of a line that an automaton would let through.
func (o *others) automate(p []byte) (passed int) {
	for at := 0; ; {
		match, found := o.automaton.Find(p, at)
		if !found {
			return passed + len(p) - at
		}
		passed += match.Start - at + len("<REDACTED>")
		at = match.End
	}
}

func (o *others) match(p []byte) (passed int) {
	for _, e := range o.expressions {
		p = e.ReplaceAllLiteral(p, []byte("<REDACTED>"))
	}
	return len(p)
}

// rate is how many bytes were written in how much CPU time of all threads.
type rate struct {
	bytes int
	took  time.Duration
}

func (r *rate) add(writes [][]byte, write func(p []byte)) {
	start := cpuTime()
	for _, p := range writes {
		write(p)
		r.bytes += len(p)
	}
	r.took += cpuTime() - start
}

// perSecond is in MB.
func (r *rate) perSecond() float64 { return float64(r.bytes) / 1e6 / r.took.Seconds() }

func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage) // it cannot fail with these arguments
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkBytes writes one byte at a time.
func BenchmarkBytes(b *testing.B) {
	needles := someNeedles(1000)
	text := logText(1<<20, needles)
	m, _ := redact.Literal(needles...)
	s := m.Stream(func([]byte, int) {})
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for i := range text {
			s.Write(text[i : i+1])
		}
	}
}

// BenchmarkWorst writes text that has nothing but beginnings of secrets.
func BenchmarkWorst(b *testing.B) {
	one := bytes.Repeat([]byte("a"), 1<<20)
	var many bytes.Buffer
	needles := someNeedles(1000)
	for _, n := range needles {
		many.WriteString(n[:len(n)-1])
	}
	for name, c := range map[string]struct {
		needles []string
		text    []byte
	}{
		"one letter": {[]string{"aaaa", string(one[:4000]) + "b", string(one[:300]) + "c"}, one},
		"near":       {needles, many.Bytes()},
		// An endless line that patterns look at.
		"keys":      {nil, bytes.Repeat([]byte("token="), 64<<10)},
		"addresses": {nil, bytes.Repeat([]byte("x://a:@"), 64<<10)},
		"passwords": {nil, bytes.Repeat([]byte("password=$A,"), 64<<10)},
		"headers":   {nil, bytes.Repeat([]byte("cookie: a "), 64<<10)},
		"commands":  {nil, bytes.Repeat([]byte("curl -u a "), 64<<10)},
		"keys open": {nil, bytes.Repeat([]byte("-----BEGIN PRIVATE KEY-----"), 16<<10)},
	} {
		b.Run(name, func(b *testing.B) {
			m, _ := redact.Literal(c.needles...)
			s := redact.WithPatterns(m).Stream(func([]byte, int) {})
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				s.Write(c.text)
			}
		})
	}
}

// BenchmarkNewMatcher is the cost that each attempt pays once, with the forms of some
// eighty secrets.
func BenchmarkNewMatcher(b *testing.B) {
	secrets := append(manySecrets(80), redact.Secret{Name: "KEY", Value: key})
	texts, _ := redact.Needles(secrets)
	b.ReportAllocs()
	start := cpuTime()
	for b.Loop() {
		redact.NewMatcher(secrets).Text("")
	}
	b.ReportMetric((cpuTime()-start).Seconds()*1000/float64(b.N), "CPU-ms/op")
	b.ReportMetric(float64(len(texts)), "needles")
}
