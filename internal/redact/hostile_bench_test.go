package redact_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"waybill/internal/redact"
)

// varied are texts with an anchor in every few bytes in which nothing repeats.
var varied = map[string]func(random *rand.Rand) string{
	"short values": func(r *rand.Rand) string {
		return fmt.Sprintf("token=%c%d ", 'a'+r.IntN(26), r.IntN(10))
	},
	"words":      func(r *rand.Rand) string { return "token=" + shortWord(r) + " " },
	"one word":   func(r *rand.Rand) string { return "token=" + shortWord(r) },
	"references": func(r *rand.Rand) string { return fmt.Sprintf("password=$A%d,", r.IntN(100)) },
	"lines":      func(r *rand.Rand) string { return "token " + shortWord(r) + "\n" },
	"quotes":     func(r *rand.Rand) string { return `"token":"` + shortWord(r) + `",` },
	"keys": func(r *rand.Rand) string {
		return []string{"token", "secret", "api_key", "password", "Cookie", "--token"}[r.IntN(6)] + " "
	},
}

func shortWord(random *rand.Rand) string {
	word := make([]byte, 1+random.IntN(6))
	for i := range word {
		word[i] = byte('a' + random.IntN(26))
	}
	return string(word)
}

// hostileTexts are the hostile texts by name, each of that size.
func hostileTexts(size int) (names []string, texts map[string][]byte) {
	texts = map[string][]byte{}
	for _, text := range hostile {
		name := fmt.Sprintf("%q", text)
		names, texts[name] = append(names, name), bytes.Repeat([]byte(text), size/len(text))
	}
	var more []string
	for name, next := range varied {
		more = append(more, "varied "+name)
		random := rand.New(rand.NewPCG(17, 17))
		var out bytes.Buffer
		for out.Len() < size {
			out.WriteString(next(random))
		}
		texts["varied "+name] = out.Bytes()
	}
	slices.Sort(more)
	return append(names, more...), texts
}

// BenchmarkHostile compares text of nothing but anchors with plain text, and the
// other corpora too, in turns in one process. %-plain is the share of plain text's
// speed, by the least CPU time of any turn.
func BenchmarkHostile(b *testing.B) {
	needles := someNeedles(10)
	names, texts := hostileTexts(1 << 20)
	texts["plain"] = logText(8<<20, needles)
	texts["mixed"], texts["dense"] = mixedText(4<<20), denseText(4<<20)
	names = append(names, "mixed", "dense", "plain")
	values, _ := redact.Literal(needles...)
	best := map[string]float64{}
	for b.Loop() {
		for _, name := range names {
			s, r := redact.WithPatterns(values).Stream(func([]byte, int) {}), rate{}
			r.add(slices.Collect(slices.Chunk(texts[name], 32<<10)), s.Write)
			best[name] = max(best[name], r.perSecond())
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(best[name], "MB/s")
			b.ReportMetric(100*best[name]/best["plain"], "%-plain")
		})
	}
}
