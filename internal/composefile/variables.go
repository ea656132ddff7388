package composefile

import "regexp"

// Variable is one use of a variable in a text.
type Variable struct {
	Name string
	// Operator is the operator after the name in braces (":-", "?", …), or "".
	Operator string
	// Text is the text between the operator and the brace that closes the variable. It
	// may have variables of its own. It is "" if no brace closes the variable.
	Text string
	// Nested is set if the use is in the Text of another one.
	Nested bool
}

// variable matches a dollar sign that is followed by another one, by a name, or by a
// name in braces with an operator. It also matches single braces, because compose counts
// them to find the end of a variable.
var variable = regexp.MustCompile(
	`\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(:?[-+?])?)|[{}]`)

// Variables returns the uses of variables in a text, in their order. A use comes before
// the uses in its Text. It takes linear time, however deep they are nested.
func Variables(text string) []Variable {
	var all []Variable
	type open struct {
		variable int // an index of all, or -1 for a brace that opens no variable
		from     int // where its Text begins
	}
	var stack []open
	for _, match := range variable.FindAllStringSubmatchIndex(text, -1) {
		group := func(n int) string {
			if match[2*n] < 0 {
				return ""
			}
			return text[match[2*n]:match[2*n+1]]
		}
		whole := text[match[0]:match[1]]
		switch name := group(1) + group(2); {
		case name != "":
			all = append(all, Variable{Name: name, Operator: group(3), Nested: len(stack) > 0})
			if group(2) != "" {
				stack = append(stack, open{len(all) - 1, match[1]})
			}
		case whole == "{" && len(stack) > 0:
			stack = append(stack, open{-1, 0})
		case whole == "}" && len(stack) > 0:
			last := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if last.variable >= 0 && all[last.variable].Operator != "" {
				all[last.variable].Text = text[last.from:match[0]]
			}
		}
	}
	return all
}
