package redact

// byteSet is a set of bytes as a table. The patterns spend most of their time on the
// question whether a byte is in a set.
type byteSet [256]byte

func setOf(bytes string) (set byteSet) {
	for i := range len(bytes) {
		set[bytes[i]] = 1
	}
	return set
}

func (s *byteSet) has(c byte) bool { return s[c] != 0 }

// set names a byteSet by the part of a text that its bytes form or end.
type set uint8

const (
	closesBearer set = iota
	closesItem
	closesKey
	closesSentence
	closesWord
	endsBlank
	endsBearer
	endsCommand
	endsElement
	endsKeyKind
	endsLine
	endsLong
	endsSentence
	endsTag
	endsUserinfo
	endsWord
	followsFlag
	isAlnum
	isAt
	isBase64
	isBatchVariable
	isBetween
	isBlank
	isBracket
	isCapital
	isCount
	isCross
	isDash
	isDigit
	isDotted
	isEquals
	isInstruction
	isLetter
	isListGap
	isNumber
	isPairName
	isPath
	isPgpassField
	isPlain
	isPort
	isQuote
	isQuoting
	isQuotingOrSpace
	isQuotingOrTick
	isRemark
	isScheme
	isSetting
	isSignature
	isSmall
	isSpace
	isStar
	isVariable
	isVersion
	isWhite
	closes
	isWordlike
	opens
	opensHeader
	opensPair
	opensPlaceholder
	opensSuffix
	opensValue
)

// byteSets has the table of each set.
var byteSets = [...]byteSet{
	closesBearer:     setOf(".:"),
	closesItem:       setOf(",;"),
	closesSentence:   setOf(" \t.\""),
	closesWord:       setOf(",;)]}"),
	endsBlank:        setOf("\r\n \t"),
	closesKey:        setOf("\"'\\])"),
	endsBearer:       setOf(" \t\r\n\"'`,;)]}<>\\"),
	endsCommand:      setOf("|;\r\n"),
	endsElement:      setOf("<\r\n"),
	endsKeyKind:      setOf("-\r\n"),
	endsLine:         setOf("\r\n"),
	endsLong:         setOf(" \t\r\n\"'"),
	endsSentence:     setOf(".,!?;:"),
	endsTag:          setOf("<>\r\n"),
	endsUserinfo:     setOf("/?#@\\ \t\r\n\"`<>\x01"),
	endsWord:         setOf(" \t\r\n\"'`"),
	followsFlag:      setOf("= \t,\"':"),
	isAlnum:          setOf(alnum),
	isAt:             setOf("@"),
	isBase64:         setOf(alnum + "+/="),
	isBatchVariable:  setOf(capitals + "_"),
	isBetween:        setOf("/._-"),
	isBlank:          setOf(" \t"),
	isBracket:        setOf("{}[]"),
	isCapital:        setOf(capitals),
	isCount:          setOf(digits + "/.,%"),
	isCross:          setOf("*xX"),
	isDash:           setOf("-"),
	isDigit:          setOf(digits),
	isDotted:         setOf(wordlike + "."),
	isEquals:         setOf("="),
	isInstruction:    setOf(alnum + " '\"_-./"),
	isLetter:         setOf(smalls + capitals),
	isListGap:        setOf(" ,\t"),
	isNumber:         setOf(digits + ".,:"),
	isPairName:       setOf(wordlike + ". "),
	isPath:           setOf(wordlike + "/"),
	isPgpassField:    setOf(wordlike + "*."),
	isPlain:          setOf(smalls + "-"),
	isPort:           setOf(digits + ":"),
	isQuote:          setOf("'\"`"),
	isQuoting:        setOf(`"'\`),
	isQuotingOrSpace: setOf(`"'\ `),
	isQuotingOrTick:  setOf("\"'\\`"),
	isRemark:         setOf(smalls + capitals + " -_"),
	isScheme:         setOf(alnum + "-"),
	isSetting:        setOf(smalls + capitals + ",-"),
	isSignature:      setOf(alnum + "%+/=-_"),
	isSmall:          setOf(smalls),
	isSpace:          setOf(" "),
	isStar:           setOf("*.•\xe2\x80\xa2"),
	isVariable:       setOf(capitals + digits + "_"),
	isVersion:        setOf(digits + ".^~<>=*x"),
	isWhite:          setOf(" \t\r\n\v\f"),
	closes:           setOf("])"),
	isWordlike:       setOf(wordlike),
	opens:            setOf("{[("),
	opensSuffix:      setOf(digits + "sS_-kKAT"),
	opensValue:       setOf(" \t\"'`\\>=-?"),
	opensHeader:      setOf(" \t\"'\\["),
	opensPair:        setOf("&;,"),
	opensPlaceholder: setOf("\x01{[($%<*.•\xe2\x80\xa2xXtfnuyrhpoTFNUYRHPO~#,;"),
}
