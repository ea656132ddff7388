// Package redact removes secrets from a stream of bytes before anything else
// sees it: known values in every form they can take, whatever the write
// boundaries.
//
// It works in four parts, each in a file of its own:
//
//   - forms.go derives the needles: what a secret looks like once something
//     has quoted, escaped or encoded it, or broken it into lines;
//   - sketch.go runs over a text and stops where a needle may be, reading a few
//     of its bytes;
//   - scan.go finds the needles that begin at a place of a text, and is with the
//     sketch the only part that knows how;
//   - stream.go makes of these finds what is masked, what is let through and
//     what must wait for more bytes.
//
// What is masked is simple to say, and the tests say it a second time in brute
// force: every occurrence of every needle is masked; occurrences that share a
// byte are masked as one; its name is that of the longest of them. So with the
// needles "abcabc" and "cab", the text "xabcabcabcx" is "x<REDACTED>x": the
// first is there twice, from its first byte and from its fourth.
//
// Two things follow from it that callers count on. What is emitted does not
// depend on how the text was cut into writes. And a stream that starts at a
// place between two emitted bytes, or beside a mask, emits the same from there
// on as one that began at the start: no needle spans such a place. A log can be
// taken up there by a reader that knows nothing of what came before.
//
// What is not masked: a value under [MinSecretBytes]; forms that nobody listed,
// such as a value in base64 twice; and, where a secret lies inside of a longer
// text in base64, the one character at either end that also holds bits of its
// neighbours.
package redact
