package mask

// findNumbers tries the detectors that begin at a digit, or at a few letters directly before one.
func (f *finder) findNumbers() {
	text := f.text
	digit := false
	for i := 0; i < len(text); i++ {
		if !isDigit(text[i]) {
			digit = false
			continue
		}
		if digit {
			continue
		}
		digit = true
		f.tryNumber(i)
	}
}

func (f *finder) tryNumber(at int) {
	text := f.text
	if at > 0 && text[at-1] == '%' && at+2 < len(text) && isHex(text[at+1]) {
		// "%204111…": the first two digits are a blank.
		at += 2
		if !isDigit(text[at]) {
			return
		}
	}
	letters := lettersBefore(text, at)
	begin := at - letters
	if n := escapedLetters(text, begin, letters); n > 0 {
		begin, letters = begin+n, letters-n
	}
	if letters > maxLetters {
		return
	}
	if letters > 0 && !startsWord(text, begin) {
		if !percentBefore(text, at) {
			return
		}
		letters, begin = 0, at
	}
	if insideToken(text, begin) {
		return
	}
	f.tryNumbers(f.set.byLetters[letters], begin, at)
	if letters == 0 && at >= 3 && text[at-1] == ' ' && lettersBefore(text, at-1) == 2 && startsWord(text, at-3) {
		// "AB 12 34 56 C": letters set apart from the digits they belong to.
		f.tryNumbers(f.set.byLetters[2], at-3, at)
	}
}

func (f *finder) tryNumbers(detectors []*detector, begin, at int) {
	if len(detectors) == 0 {
		return
	}
	first := digitsFrom(f.text, at, 64)
	count := -1
	for _, d := range detectors {
		if d.groups != 0 && d.groups>>first&1 == 0 {
			continue
		}
		if count < 0 {
			count = numberFrom(f.text, at)
		}
		if count < d.digits || begin < f.ends[d.index] {
			continue
		}
		if !d.checked && joined(f.text, begin) {
			continue
		}
		before := len(f.spans)
		f.try(d, begin)
		if len(f.spans) > before && !d.checked && continues(f.text, f.spans[before].end) {
			// A number without check digit that goes on is part of a longer one: an order number, a version.
			f.spans = f.spans[:before]
		}
	}
}

func lettersBefore(s string, at int) int {
	n := 0
	// Two more than may belong to a value: those of a percent escape.
	for n <= maxLetters+2 && at-n > 0 && isLetter(s[at-n-1]) {
		n++
	}
	return n
}

// escapedLetters counts the letters at begin that belong to a percent escape: the D of "%3DDE89…", the CD of "%CDX1…".
func escapedLetters(s string, begin, letters int) int {
	switch {
	case letters > 1 && begin >= 2 && s[begin-2] == '%' && isDigit(s[begin-1]) && isHex(s[begin]):
		return 1
	case letters > 2 && begin >= 1 && s[begin-1] == '%' && isHex(s[begin]) && isHex(s[begin+1]):
		return 2
	}
	return 0
}

// percentBefore says whether a percent escape that ends in a letter ("%3D") stands before at.
func percentBefore(s string, at int) bool {
	return at >= 3 && s[at-3] == '%' && isHex(s[at-2]) && isHex(s[at-1])
}

// digitsFrom counts the digits at the start.
func digitsFrom(s string, at, limit int) int {
	n := 0
	for n < limit-1 && at+n < len(s) && isDigit(s[at+n]) {
		n++
	}
	return n
}

// numberFrom counts the digits of a number with separators, up to 40 bytes.
func numberFrom(s string, at int) int {
	n, gap := 0, 0
	for i := at; i < len(s) && i < at+40 && gap <= 2; i++ {
		switch c := s[i]; {
		case isDigit(c):
			n++
			gap = 0
		case c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')':
			gap++
		case isLetter(c):
			gap = 2
			if i+1 < len(s) && isLetter(s[i+1]) {
				return n
			}
		default:
			return n
		}
	}
	return n
}

// insideToken says whether the place lies inside a longer number or identifier: behind a decimal point, or behind a
// hyphen that joins it to digits, as in a UUID.
func insideToken(s string, at int) bool {
	if at < 2 {
		return false
	}
	prev, before := s[at-1], s[at-2]
	switch prev {
	case '.':
		return isDigit(before)
	case ',':
		return isDigit(before) && isThousands(s, at)
	case '-':
		return isDigit(before) || insideUUID(s, at)
	}
	return false
}

// isThousands tells "1,234" from the columns of a table: three digits and no separator of an identifier behind them.
func isThousands(s string, at int) bool {
	n := digitsFrom(s, at, 8)
	return n == 3 && (at+n == len(s) || (s[at+n] != '-' && s[at+n] != ' ' && s[at+n] != '.' && s[at+n] != '/'))
}

// joined says whether a hyphen joins the place to a word before it, as in an order number.
func joined(s string, at int) bool { return at >= 2 && s[at-1] == '-' && isAlnum(s[at-2]) }

// insideUUID says whether the place is the last group of a UUID.
func insideUUID(s string, at int) bool {
	if at < 24 {
		return false
	}
	for i, c := range []byte(s[at-24 : at]) {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || (!hyphen && !isHex(c)) {
			return false
		}
	}
	return true
}

// continues says whether a number goes on behind at.
func continues(s string, at int) bool {
	return at+1 < len(s) && (s[at] == '-' || s[at] == '.' || s[at] == '/') && isDigit(s[at+1])
}
