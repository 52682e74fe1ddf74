package mask

import (
	"slices"
	"strings"
)

// automaton finds all literals of all detectors in one pass (Aho and Corasick). It ignores ASCII case: the prefilter may
// only err by naming a place too many, the regex behind it decides.
type automaton struct {
	class  [256]uint8
	shift  uint
	next   []uint16
	ends   [][]literal // by state: literals that end there
	firing uint16      // states from here on have ends; one comparison per byte tells
}

// literal is one entry of the prefilter.
type literal struct {
	length int
	// detectors are tried where the literal begins.
	detectors []*detector
	// gates are detectors that need a context word: without one anywhere in the text they are not tried at all.
	gates []*detector
}

// lexicon is what the prefilter looks for, by literal in lower case.
type lexicon map[string]*literal

// entry makes a literal known; a long one is known by its beginning.
func (l lexicon) entry(text string) *literal {
	word := strings.Map(lowerRune, text)
	if len(word) > maxLiteral {
		word = word[:maxLiteral]
	}
	known, ok := l[word]
	if !ok {
		known = &literal{length: len(word)}
		l[word] = known
	}
	return known
}

// lowerRune lowers ASCII only: the automaton folds no other letters.
func lowerRune(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// maxLiteral bounds what the automaton holds of a literal: a longer one is known by its beginning.
const maxLiteral = 24

type trieNode struct {
	children map[byte]int
	fail     int
	ends     []literal
}

func newAutomaton(known lexicon) *automaton {
	a := &automaton{}
	words := make([]string, 0, len(known))
	for word := range known {
		words = append(words, word)
	}
	slices.Sort(words) // a map's order would number the states differently at every start
	classes := a.classify(words)
	nodes := []trieNode{{children: map[byte]int{}}}
	for _, word := range words {
		at := 0
		for i := range len(word) {
			c := a.class[word[i]]
			child, ok := nodes[at].children[c]
			if !ok {
				child = len(nodes)
				nodes = append(nodes, trieNode{children: map[byte]int{}})
				nodes[at].children[c] = child
			}
			at = child
		}
		nodes[at].ends = append(nodes[at].ends, *known[word])
	}
	a.shift = 1
	for 1<<a.shift < classes {
		a.shift++
	}
	a.fill(nodes, classes)
	return a
}

// classify maps each byte to a small number; bytes that stand in no literal share the number 0.
func (a *automaton) classify(words []string) int {
	classes := 1
	for _, word := range words {
		for i := range len(word) {
			c := lower(word[i])
			if a.class[c] != 0 {
				continue
			}
			a.class[c] = uint8(classes)
			a.class[upper(c)] = uint8(classes)
			classes++
		}
	}
	return classes
}

// fill turns the trie into a table without failure steps and numbers the states so that those with ends come last.
func (a *automaton) fill(nodes []trieNode, classes int) {
	table := make([]int, len(nodes)<<a.shift)
	queue := []int{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for c := range classes {
			inherited := 0
			if at != 0 {
				inherited = table[nodes[at].fail<<a.shift|c]
			}
			child, ok := nodes[at].children[byte(c)]
			if !ok {
				table[at<<a.shift|c] = inherited
				continue
			}
			table[at<<a.shift|c] = child
			nodes[child].fail = inherited
			nodes[child].ends = append(nodes[child].ends, nodes[inherited].ends...)
			queue = append(queue, child)
		}
	}
	number := a.number(nodes)
	a.next = make([]uint16, len(table))
	for at := range nodes {
		for c := range classes {
			a.next[int(number[at])<<a.shift|c] = number[table[at<<a.shift|c]]
		}
	}
}

func (a *automaton) number(nodes []trieNode) []uint16 {
	number := make([]uint16, len(nodes))
	a.ends = make([][]literal, len(nodes))
	n := uint16(0)
	for _, withEnds := range []bool{false, true} {
		if withEnds {
			a.firing = n
		}
		for at := range nodes {
			if (len(nodes[at].ends) > 0) != withEnds {
				continue
			}
			number[at] = n
			a.ends[n] = nodes[at].ends
			n++
		}
	}
	return number
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
