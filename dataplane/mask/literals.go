package mask

import "regexp/syntax"

// requiredLiterals finds texts of which one stands in every match of a regex, so that a rule without literals is not
// searched in every text. None means: not known.
func requiredLiterals(regex string) []string {
	re, err := syntax.Parse(regex, syntax.Perl)
	if err != nil {
		return nil
	}
	return required(re.Simplify())
}

func required(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return requiredLiteral(re)
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if found := required(sub); better(found, best) {
				best = found
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			found := required(sub)
			if len(found) == 0 {
				return nil
			}
			all = append(all, found...)
		}
		if len(all) <= maxLiterals {
			return all
		}
	}
	return nil
}

func requiredLiteral(re *syntax.Regexp) []string {
	for _, r := range re.Rune {
		// Letters with relatives outside ASCII ("k" and the Kelvin sign) match texts the prefilter would pass over.
		if re.Flags&syntax.FoldCase != 0 && (r >= 0x80 || r|0x20 == 'k' || r|0x20 == 's') {
			return nil
		}
	}
	return []string{string(re.Rune)}
}

// better prefers the set whose shortest literal is longest: it sends the fewest texts to the regex.
func better(found, best []string) bool { return len(found) > 0 && shortest(found) > shortest(best) }

func shortest(words []string) int {
	if len(words) == 0 {
		return 0
	}
	n := len(words[0])
	for _, word := range words[1:] {
		n = min(n, len(word))
	}
	return n
}
