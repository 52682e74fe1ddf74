package mask

import "strings"

// checkByName lists the arithmetic tests that a regex cannot do. Users' rules may name the first four.
var checkByName = map[string]func(string) bool{
	"Luhn":     luhn,
	"Iban":     iban,
	"Mod11":    mod11,
	"Verhoeff": verhoeff,

	"Secret":    assignedSecret,
	"Mixed":     mixed,
	"BasicAuth": basicAuth,
	"UsSsn":     usSSN,
	"UkNino":    ukNINO,
	"DeTaxId":   deTaxID,
	"FrNir":     frNIR,
	"EsDni":     esDNI,
	"ItCodice":  itCodiceFiscale,
	"NlBsn":     nlBSN,
	"BrCpf":     brCPF,
	"InAadhaar": inAadhaar,
	"PlPesel":   plPESEL,
	"CnId":      cnID,
	"E164":      e164,
	"Phone":     phone,
	"Token":     token,
	"Ean13":     ean13,
	"SgNric":    sgNRIC,
	"AuTfn":     auTFN,
}

// digitsOf keeps the digits of s as numbers, at most 32.
func digitsOf(s string, buf *[32]byte) []byte {
	n := 0
	for i := 0; i < len(s) && n < len(buf); i++ {
		if isDigit(s[i]) {
			buf[n] = s[i] - '0'
			n++
		}
	}
	return buf[:n]
}

// luhn: every second digit from the right counts double; the sum ends in 0.
func luhn(s string) bool {
	var buf [32]byte
	digits := digitsOf(s, &buf)
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i])
		if i%2 == 1 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(digits) > 1 && sum%10 == 0
}

// iban: the country and check digits moved to the end, letters read as 10 to 35, leave 1 modulo 97.
func iban(s string) bool {
	s = strings.Map(compact, s)
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	rest := 0
	for i := range len(s) {
		c := s[(i+4)%len(s)]
		switch {
		case isDigit(c):
			rest = rest*10 + int(c-'0')
		case isLetter(c):
			rest = rest*100 + int(upper(c)-'A') + 10
		}
		rest %= 97
	}
	return rest == 1
}

func compact(r rune) rune {
	if r < 0x80 && isAlnum(byte(r)) {
		return r
	}
	return -1
}

// mod11: digits weighted 1, 2, 3, … from the right sum to 0 modulo 11; a final X counts ten (ISBN-10, NHS number).
func mod11(s string) bool {
	s = strings.Map(compact, s)
	sum := 0
	for i := range len(s) {
		c := s[len(s)-1-i]
		switch {
		case isDigit(c):
			sum += int(c-'0') * (i + 1)
		case i == 0 && upper(c) == 'X':
			sum += 10
		default:
			return false
		}
	}
	return len(s) > 1 && sum%11 == 0
}

var verhoeffNext = [10]string{
	"0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
	"5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
}

var verhoeffTurn = [8]string{
	"0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
}

func verhoeff(s string) bool {
	var buf [32]byte
	digits := digitsOf(s, &buf)
	c := byte(0)
	for i := range digits {
		turned := verhoeffTurn[i%8][digits[len(digits)-1-i]] - '0'
		c = verhoeffNext[c][turned] - '0'
	}
	return len(digits) > 1 && c == 0
}

// weighted sums digits times weights.
func weighted(digits []byte, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += int(digits[i]) * w
	}
	return sum
}
