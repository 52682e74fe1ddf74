package mask

// matchCard matches at the first digit of a card number. A regex would take the digits of a following number along and
// then fail the check digit, so all ends at the border of a group are tried.
func matchCard(s string, at int) (start, end int, ok bool) {
	digits, gap := 0, 0
	for i := at; i < len(s) && digits < 20 && gap <= 2; i++ {
		switch c := s[i]; {
		case isDigit(c):
			digits++
			gap = 0
		case c == ' ' || c == '-':
			gap++
			continue
		default:
			gap = 3
			continue
		}
		if digits < 13 || (i+1 < len(s) && isAlnum(s[i+1])) {
			continue
		}
		if card(s[at:i+1]) && !decimal(s, i+1) {
			end = i + 1
		}
	}
	return at, end, end > 0
}

// decimal says whether a decimal fraction follows.
func decimal(s string, i int) bool { return i+1 < len(s) && s[i] == '.' && isDigit(s[i+1]) }

// ibanLength is the length of an IBAN by country.
var ibanLength = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
	"BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
	"ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
	"HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
	"LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
	"MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
	"QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
	"SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}

// matchIban takes as many characters as the country's numbers have: a greedy regex would swallow the words behind it.
func matchIban(s string, at int) (start, end int, ok bool) {
	if at+4 > len(s) {
		return 0, 0, false
	}
	country := [2]byte{upper(s[at]), upper(s[at+1])}
	length := ibanLength[string(country[:])]
	if length == 0 || !isDigit(s[at+2]) || !isDigit(s[at+3]) {
		return 0, 0, false
	}
	taken, gap := 0, 0
	for i := at; i < len(s) && gap <= 1; i++ {
		switch {
		case isAlnum(s[i]):
			taken++
			gap = 0
		case s[i] == ' ' || s[i] == '-':
			gap++
			continue
		default:
			return 0, 0, false
		}
		if taken == length {
			return at, i + 1, endsWord(s, i+1) && iban(s[at:i+1])
		}
	}
	return 0, 0, false
}
