package wire

// ComposeText is composeText, for the fuzz test.
var ComposeText = composeText
