package mask

// cardRange is a range of leading digits and the lengths a number with them may have.
type cardRange struct {
	from, to, width   int
	shortest, longest int
}

// cardRanges holds the prefixes that networks use. A Luhn sum alone is right for every tenth number.
var cardRanges = []cardRange{
	{4, 4, 1, 13, 19},       // Visa
	{51, 55, 2, 16, 16},     // Mastercard
	{2221, 2720, 4, 16, 16}, // Mastercard
	{34, 34, 2, 15, 15},     // American Express
	{37, 37, 2, 15, 15},     // American Express
	{6011, 6011, 4, 16, 19}, // Discover
	{644, 659, 3, 16, 19},   // Discover
	{300, 305, 3, 14, 14},   // Diners Club
	{36, 36, 2, 14, 14},     // Diners Club
	{38, 39, 2, 14, 14},     // Diners Club
	{3528, 3589, 4, 16, 19}, // JCB
	{62, 62, 2, 16, 19},     // UnionPay
	{5018, 5018, 4, 16, 19}, // Maestro
	{5020, 5020, 4, 16, 19}, // Maestro
	{5038, 5038, 4, 16, 19}, // Maestro
	{6304, 6304, 4, 16, 19}, // Maestro
	{6759, 6759, 4, 16, 19}, // Maestro
	{6761, 6763, 4, 16, 19}, // Maestro
}

func card(s string) bool {
	var buf [32]byte
	digits := digitsOf(s, &buf)
	n := len(digits)
	if n < 13 || n > 19 || (n != 13 && n < 14) || n == 17 || n == 18 {
		return false
	}
	for _, r := range cardRanges {
		if n < r.shortest || n > r.longest {
			continue
		}
		prefix := 0
		for _, d := range digits[:r.width] {
			prefix = prefix*10 + int(d)
		}
		if prefix >= r.from && prefix <= r.to {
			return luhn(s)
		}
	}
	return false
}
