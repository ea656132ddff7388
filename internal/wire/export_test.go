package wire

// ComposeText is tested on its own, over any text.
var ComposeText = composeText
