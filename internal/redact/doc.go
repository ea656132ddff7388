// Package redact removes secrets from a stream of bytes before anything else
// sees it: known values in every form they can take, what a job itself declares
// to be secret, and what looks like a credential; whatever the write boundaries.
//
// A [Matcher] knows the secrets; [Matcher.Stream] and [Matcher.Text] are the only
// ways through it, and each runs all stages, so that nobody can forget one. In
// the order that a byte meets them:
//
//  1. Declarations. A line "::add-mask::VALUE" is taken out of the stream, and
//     from the next byte on VALUE is a secret in all streams of the matcher.
//  2. Values, in all forms.
//  3. Patterns, in what is left: passwords in URLs and assignments, tokens,
//     headers, private keys.
//
// The parts, each in a file of its own:
//
//   - forms.go derives the needles: what a secret looks like once something
//     has quoted, escaped or encoded it, or broken it into lines; escape.go and
//     backslash.go have the encoders that it composes;
//   - anchors.go lists what patterns begin with;
//   - sketch.go runs over a text and stops where a needle or an anchor may be,
//     reading a few of its bytes;
//   - scan.go finds the needles that begin at a place of a text, and is with the
//     sketch and the tables of needles (table.go) the only part that knows how;
//   - stream.go makes of these finds what is masked, what is let through and
//     what must wait for more bytes; skip.go says where it has to look;
//   - looks.go remembers what was searched for in a line, so that no byte is read
//     again for each anchor, and counts the bytes that are read;
//   - inspector.go keeps the rest of a line that has an anchor, and patterns.go,
//     assign.go, header.go, describe.go, options.go and key.go say what of it is a secret;
//   - matcher.go is what streams share, and how secrets are added;
//   - weak.go judges which values are worth it.
//
// # Values
//
// What is masked is simple to say, and the tests say it a second time in brute
// force: every occurrence of every needle is masked; occurrences that share a
// byte are masked as one; its name is that of the longest of them. So with the
// needles "abcabc" and "cab", the text "xabcabcabcx" is "x<REDACTED>x": the
// first is there twice, from its first byte and from its fourth.
//
// # Patterns
//
// A pattern is an anchor ("password", "ghp_", "://") and a function that looks at
// what follows in its line, 64 KiB at most. The scanner searches for anchors
// together with the needles. Where it meets one, the inspector keeps the line from
// there to its end; all other lines pass untouched. What is masked depends on the
// line from the anchor on, and on the byte before: never on the writes. Only the
// secret is masked: "scheme://user:<REDACTED>@host", "PASSWORD=<REDACTED>",
// "ghp_<REDACTED>". A private key is one mask, however many lines it has and
// whatever stands before each.
//
// They are guesses, and these were decided:
//
//   - "password: wrong" is masked, for YAML looks no different; in "password: too
//     short" the value is followed by words and has small letters only: it stays.
//   - A value under a weak name (token, secret, api_key) must look made by a
//     machine: eight characters, with digits beside letters or mixed case.
//   - A name or a path that people gave (db_password_v3, /etc/ssl/server1.key), the
//     progress of a tool ("db_password: Creating..."), and a count of tests that
//     passed ("tests_pass=12") are no secrets.
//   - The tokens of SendGrid, Hugging Face, OpenAI (sk-) and Waybill begin with three
//     bytes, too few to search for in every text at full speed. They are found after
//     "=" or ":", after a quote but for Waybill's, and after a space that follows
//     one of these or a word that ends as "key" or "token" does. At the beginning
//     of a line they are not found.
//   - What stands for a value stays: $NAME, ${NAME}, $(cmd), %NAME%, "", null,
//     <REDACTED>, ****.
//   - The user information of a URL ends at a slash. A password with a bare slash
//     in it is found if it is known, not by pattern; or else every address behind
//     any URL would be lost, and every "image@sha256:" behind a registry's port.
//   - Where a value is masked in a URL's user information, nothing else of that
//     is guessed at.
//
// # What callers count on
//
// What is emitted does not depend on how the text was cut into writes. And a
// stream that starts at a place between two emitted bytes, or beside a mask, emits
// the same of the values from there on as one that began at the start: no needle
// spans such a place. Of the patterns it does if the place is the end of a line
// that was emitted: no pattern spans one. A log can be taken up there by a reader
// that knows nothing of what came before; but for the values that were declared
// before, which it finds by [DeclaredMask].
//
// A secret that is added counts from the next byte, and what is held back is
// looked at once more. What it shares with a mask that stands already is hidden;
// what of it was let through before cannot be called back.
//
// Memory does not grow with the stream: what is held is the beginning of what may
// be a needle, or a line with an anchor. Nothing is allocated once the buffers have
// grown.
//
// # Speed
//
// Time grows in proportion to the text, whatever is in it: TestHostileLines and FuzzWork
// count how often a byte is read. In most text one gram in four bytes is looked up, and
// a line without an anchor or a needle is never copied. A line with an anchor is looked
// at where it is, if all of it is in one write.
//
// Compared with plain logs, text in which every line has an anchor passes at about a
// sixth of the speed; that is 1.6 to 2 times the speed of Buildkite's matcher with ten
// needles, and 4 to 5 times with a hundred. Text of nothing but anchors passes at a
// hundredth to a twentieth of the speed in the worst cases: each anchor costs 40 to
// 100 ns, and may come every six bytes. BenchmarkStream and BenchmarkWorst have the
// figures.
//
// # What is covered
//
// A needle is a composition: a source of the value, encoded once in every way
// below, then twice and in part three times in the common ways (JSON, doubled
// quotes, $$, shell quotes, percent, entities), as in JSON in JSON or in a compose
// file in YAML.
//
//   - Sources: the value; without white space around it; with its words joined by
//     one space (echo $A); without the quotes around it; with either line ending.
//   - JSON with \" or \u0022, in either case of digits, and with all that Go, PHP,
//     Gson, Rails, .NET and Django escape beyond what they must.
//   - Entities of XML and HTML: named, decimal, hexadecimal.
//   - Percent-encoding, quoted-printable, and every sign as \xNN.
//   - Quoting of bash, zsh, dash, busybox, coreutils, Perl, Python, Ruby, Node, Go,
//     YAML, SQL, CSV and compose, in UTF-8 and in the C locale.
//   - Hexadecimal digits: in one piece, by byte, and in the lines of xxd -p.
//   - Base64 in both alphabets, alone and inside of a longer text, in one piece
//     and in lines of 64 or 76 characters.
//   - The lines of a value of several, each alone; of lines with fewer than six
//     characters those with at least four that look made by a machine.
//
// # What is not covered
//
//   - A value that [Judge] finds weak.
//   - Values that a job declares once it has declared 1,000, or so much that all
//     their forms take 64 MiB. The log says so.
//   - Base32, base64 twice, compression, encryption, reversal, case changes, and
//     a value of which one half is on standard output and the other on standard
//     error.
//   - A part of a value, as in a message that a program has cut short.
//   - Longer compositions than those above; of a value of more than 512 bytes,
//     compositions at all.
//   - Dumps with addresses or columns (xxd, hexdump -C, od -c), YAML that is folded
//     at a width, and soft line breaks of quoted-printable.
//   - Base64 of a longer text in lines, if the value has more than 512 bytes, or if
//     each line has a prefix ("web-1  | "); hexadecimal lines that the value does
//     not begin.
//   - Lines of fewer than four characters of a value of several, behind a prefix.
//   - Where a secret lies inside of a longer text in base64, the one character at
//     either end that also holds bits of its neighbours.
package redact
