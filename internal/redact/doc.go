// Package redact removes secrets from a stream of bytes before anything else sees it.
// It masks known values in every form they can take, the values that a job itself
// declares secret, and text that looks like a credential. The boundaries of writes
// make no difference.
//
// A [Matcher] knows the secrets. [Matcher.Stream] and [Matcher.Text] are the only
// ways through it, and each runs all stages, so that no caller can forget one. A byte
// passes the stages in this order:
//
//  1. Declarations. A line "::add-mask::VALUE" is removed from the stream. From the
//     next byte on, VALUE is a secret in all streams of the matcher.
//  2. Values, in all forms.
//  3. Patterns, in the rest of the text: passwords in URLs and assignments, tokens,
//     headers, private keys.
//
// The parts, each in a file of its own:
//
//   - forms.go derives the needles: the forms that a secret takes when a program
//     quotes, escapes or encodes it, or breaks it into lines. escape.go and
//     backslash.go have the encoders that it composes;
//   - anchors.go lists the anchors, at which patterns begin;
//   - sketch.go runs over a text, reads few of its bytes, and stops where a needle or
//     an anchor may be;
//   - scan.go finds the needles that begin at a place of a text. Only scan.go, the
//     sketch and the tables of needles (table.go) know how;
//   - stream.go turns these finds into decisions: which bytes are masked, which are
//     let through, and which must wait for more bytes. skip.go says where it has to
//     look;
//   - repeat.go skips text with anchors that only repeats the text before it;
//   - linesearch.go remembers the results of searches in a line, so that no byte is read
//     again for each anchor, and counts the bytes that are read;
//   - inspector.go keeps the rest of a line that has an anchor. patterns.go,
//     assign.go, header.go, describe.go, options.go and key.go say which part of it
//     is a secret;
//   - matcher.go has the state that streams share, and adds secrets;
//   - weak.go judges which values are worth masking.
//
// # Values
//
// The rule for values is simple, and the tests state it a second time in brute force:
// every occurrence of every needle is masked. Occurrences that share a byte are
// masked as one, with the name of the longest of them. So with the needles "abcabc"
// and "cab", the text "xabcabcabcx" becomes "x<REDACTED>x": "abcabc" occurs in it
// twice, and the two occurrences overlap.
//
// # Patterns
//
// A pattern is an anchor ("password", "ghp_", "://") and a function that looks at the
// rest of the line after it, at most 64 KiB. The scanner searches for anchors
// together with the needles. At an anchor, the inspector keeps the line from there to
// its end; all other lines pass untouched. The result depends on the line from the
// anchor on, and on the byte before, never on the writes. Only the secret is masked:
// "scheme://user:<REDACTED>@host", "PASSWORD=<REDACTED>", "ghp_<REDACTED>". A private
// key becomes one mask, however many lines it has and whatever stands before each.
//
// Patterns are guesses. These decisions were made:
//
//   - "password: wrong" is masked, because YAML looks no different. In "password: too
//     short" the value has small letters only and words follow it: it stays.
//   - A value under an ambiguous name (token, secret, api_key) must look generated: at
//     least eight characters with both digits and letters, sixteen in mixed case, or
//     twelve digits.
//   - A name or a path that people chose (db_password_v3, /etc/ssl/server1.key), the
//     progress of a tool ("db_password: Creating..."), and a count of passed tests
//     ("tests_pass=12") are not secrets.
//   - The tokens of SendGrid, Hugging Face and OpenAI (sk-) begin with three bytes, too
//     few to search for in every text at full speed. They are found after "=" or ":",
//     after a quote, and after a space that follows one of ":=>|" or a word that ends
//     as "key" or "token" does. They are not found at the beginning of a line.
//   - The tokens of Coolify and Waybill (12|SECRET) begin with digits. They are found
//     under a name and after the word "token", but not alone in a text.
//   - A placeholder for a value stays: $NAME, ${NAME}, $(cmd), %NAME%, "", null,
//     <REDACTED>, ****.
//   - The user information of a URL ends at a slash. A password with a bare slash in
//     it is found if it is known, not by pattern. Otherwise every address after any
//     URL would be lost, and every "image@sha256:" after a registry's port.
//   - If a value is masked in the user information of a URL, no pattern looks at the
//     rest of that user information.
//
// # Guarantees
//
// The output does not depend on how the text was cut into writes.
//
// A stream may start at a place between two emitted bytes, or next to a mask. From
// there on it masks the same values as a stream that began at the start, because no
// needle spans such a place. The same holds for patterns if the place is the end of
// an emitted line, because no pattern spans one. So a reader that does not know the
// text before can resume a log there. It only needs the values that were declared
// before, which it finds by [DeclaredValue].
//
// A secret that is added counts from the next byte, and the bytes held back are
// searched once more. The part that it shares with an earlier mask is hidden. The
// part that was let through before cannot be called back.
//
// Memory does not grow with the stream: a stream holds the beginning of a possible
// needle, or a line with an anchor. It allocates nothing once the buffers have grown.
//
// # Speed
//
// Time grows in proportion to the length of the text, whatever its content:
// TestHostileLines and FuzzWork count how often a byte is read. In most text one gram
// in four bytes is looked up, and a line without an anchor or a needle is never
// copied. A line with an anchor is inspected in place if all of it is in one write.
//
// Compared with plain logs, text in which every line has an anchor passes at about a
// fifth of the speed. That is twice the speed of Buildkite's matcher with ten needles,
// and more with more needles.
//
// Text that repeats a text of nothing but anchors passes at a sixth of the speed of
// plain logs or more, because repetitions are compared instead of judged (repeat.go).
// That needs a line of some 2,500 bytes, or equal lines without a secret. Text of
// nothing but anchors in which nothing repeats passes at 2 to 6 % of the speed: each
// anchor costs 50 to 110 ns, and one may come every six bytes.
// BenchmarkStream and BenchmarkHostile have the figures.
//
// # Coverage
//
// A needle is a composition: a source of the value, encoded once in every way below,
// then twice and in part three times in the common ways (JSON, doubled quotes, $$,
// shell quotes, percent, entities), as in JSON inside JSON or in a compose file in
// YAML.
//
//   - Sources: the value; the value without surrounding white space; with its words
//     joined by one space (echo $A); without surrounding quotes; with either line
//     ending.
//   - JSON with \" or \u0022, with digits in either case, and with the characters
//     that Go, PHP, Gson, Rails, .NET and Django escape although JSON does not
//     require it.
//   - Entities of XML and HTML: named, decimal, hexadecimal.
//   - Percent-encoding, quoted-printable, and every sign as \xNN.
//   - Quoting of bash, zsh, dash, busybox, coreutils, Perl, Python, Ruby, Node, Go,
//     YAML, SQL, CSV and compose, in UTF-8 and in the C locale.
//   - Hexadecimal digits: in one piece, by byte, and in the lines of xxd -p.
//   - Base64 in both alphabets, alone and inside a longer text, in one piece and in
//     lines of 64 or 76 characters.
//   - Each line of a multi-line value, alone. A line of fewer than six characters
//     counts only if it has at least four and looks generated.
//
// # Not covered
//
//   - A value that [Judge] finds weak.
//   - Values that a job declares after the first 1,000, or after all forms of its
//     values take 64 MiB. The log says so.
//   - Base32, base64 twice, compression, encryption, reversal, case changes, and a
//     value that is split between standard output and standard error.
//   - A part of a value, as in a message that a program has cut short.
//   - Longer compositions than the ones above; for a value of more than 512 bytes,
//     any second encoding.
//   - Dumps with addresses or columns (xxd, hexdump -C, od -c), YAML that is folded
//     at a width, and soft line breaks of quoted-printable.
//   - Base64 of a longer text in lines, if the value has more than 512 bytes, or if
//     each line has a prefix ("web-1  | "); hexadecimal lines of a text that does not
//     begin with the value.
//   - Lines of fewer than four characters of a multi-line value, after a prefix.
//   - In base64 of a longer text, the one character at either end of the secret that
//     also holds bits of its neighbours.
package redact
