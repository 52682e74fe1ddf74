package mask

import "strings"

// usSSN: areas 000, 666 and 9xx, group 00 and serial 0000 were never given out.
func usSSN(s string) bool {
	var buf [32]byte
	d := digitsOf(s, &buf)
	if len(d) != 9 {
		return false
	}
	area := weighted(d, 100, 10, 1)
	return area != 0 && area != 666 && area < 900 && weighted(d[3:], 10, 1) != 0 && weighted(d[5:], 1000, 100, 10, 1) != 0
}

// ukNINO: some letters and pairs are never given out.
func ukNINO(s string) bool {
	s = strings.ToUpper(strings.Map(compact, s))
	switch s[:2] {
	case "BG", "GB", "NK", "KN", "TN", "NT", "ZZ":
		return false
	}
	return true
}

// deTaxID (Steuer-ID): ISO 7064 MOD 11,10; of the first ten digits exactly one stands twice or three times.
func deTaxID(s string) bool {
	var buf [32]byte
	d := digitsOf(s, &buf)
	if len(d) != 11 || d[0] == 0 {
		return false
	}
	var seen [10]int
	product := 10
	for _, digit := range d[:10] {
		seen[digit]++
		sum := (int(digit) + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	repeated := 0
	for _, n := range seen {
		if n > 3 {
			return false
		}
		if n > 1 {
			repeated++
		}
	}
	return repeated == 1 && (11-product)%10 == int(d[10])
}

// frNIR: 97 minus the first 13 digits modulo 97; Corsica's 2A and 2B count as 19 and 18.
func frNIR(s string) bool {
	s = strings.ToUpper(strings.Map(compact, s))
	s = strings.NewReplacer("2A", "19", "2B", "18").Replace(s)
	if len(s) != 15 {
		return false
	}
	rest := 0
	for i := range 13 {
		if !isDigit(s[i]) {
			return false
		}
		rest = (rest*10 + int(s[i]-'0')) % 97
	}
	return 97-rest == int(s[13]-'0')*10+int(s[14]-'0')
}

// esDNI: the letter is the number modulo 23; X, Y, Z of an NIE count 0, 1, 2.
func esDNI(s string) bool {
	s = strings.ToUpper(strings.Map(compact, s))
	n := 0
	if s[0] >= 'X' {
		n = int(s[0] - 'X')
		s = s[1:]
	}
	for i := range len(s) - 1 {
		n = n*10 + int(s[i]-'0')
	}
	return "TRWAGMYFPDXBNJZSQVHLCKE"[n%23] == s[len(s)-1]
}

// codiceOdd is the value of a character at an odd place, by its number (digits and letters A = 0 alike).
var codiceOdd = [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

func itCodiceFiscale(s string) bool {
	s = strings.ToUpper(s)
	sum := 0
	for i := range 15 {
		n := int(s[i] - 'A')
		if isDigit(s[i]) {
			n = int(s[i] - '0')
		}
		if i%2 == 0 {
			n = codiceOdd[n]
		}
		sum += n
	}
	return len(s) == 16 && s[15] == byte('A'+sum%26)
}

// nlBSN: the eleven test, the last digit counted negative.
func nlBSN(s string) bool {
	var buf [32]byte
	d := digitsOf(s, &buf)
	return len(d) == 9 && weighted(d, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0 && !uniform(d)
}

func brCPF(s string) bool {
	var buf [32]byte
	d := digitsOf(s, &buf)
	if len(d) != 11 || uniform(d) {
		return false
	}
	first := weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	second := weighted(d, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	return first == int(d[9]) && second == int(d[10])
}

func inAadhaar(s string) bool {
	var buf [32]byte
	d := digitsOf(s, &buf)
	return len(d) == 12 && d[0] > 1 && verhoeff(s)
}

func plPESEL(s string) bool {
	var buf [32]byte
	d := digitsOf(s, &buf)
	if len(d) != 11 {
		return false
	}
	month, day := weighted(d[2:], 10, 1)%20, weighted(d[4:], 10, 1)
	sum := weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
	return sum%10 == 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// cnID: ISO 7064 MOD 11-2 over 17 digits, a date of birth inside.
func cnID(s string) bool {
	if len(s) != 18 {
		return false
	}
	sum := 0
	for i, weight := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * weight
	}
	month := int(s[10]-'0')*10 + int(s[11]-'0')
	return "10X98765432"[sum%11] == upper(s[17]) && month >= 1 && month <= 12
}

// ean13: digits weighted 1 and 3 in turn sum to a multiple of ten.
func ean13(s string) bool {
	var buf [32]byte
	d := digitsOf(s, &buf)
	return len(d) == 13 && weighted(d, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1)%10 == 0
}

// sgNRIC: the letter at the end follows from the digits and from the letter at the start.
func sgNRIC(s string) bool {
	var buf [32]byte
	d := digitsOf(s, &buf)
	if len(d) != 7 {
		return false
	}
	sum := weighted(d, 2, 7, 6, 5, 4, 3, 2)
	if s[0] == 'T' || s[0] == 'G' {
		sum += 4
	}
	letters := "JZIHGFEDCBA"
	if s[0] == 'F' || s[0] == 'G' {
		letters = "XWUTRQPNMLK"
	}
	return letters[sum%11] == s[len(s)-1]
}

func auTFN(s string) bool {
	var buf [32]byte
	d := digitsOf(s, &buf)
	return len(d) == 9 && weighted(d, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0 && !uniform(d)
}

// uniform says whether all digits are the same, which satisfies many sums by accident.
func uniform(d []byte) bool {
	for _, digit := range d {
		if digit != d[0] {
			return false
		}
	}
	return true
}
