package mask

// Count says how often one detector matched.
type Count struct {
	Detector string `json:"detector"`
	Count    int    `json:"count"`
}

// Hits says what was masked in one value. Its zero value means: nothing.
type Hits struct {
	// Counts is in the order of the rules.
	Counts []Count
	// Drop says that a detector with the action Drop matched: remove the attribute.
	Drop bool
}

// Any says whether anything was masked.
func (h Hits) Any() bool { return len(h.Counts) > 0 || h.Drop }

// Total is the sum over all detectors.
func (h Hits) Total() int {
	total := 0
	for _, c := range h.Counts {
		total += c.Count
	}
	return total
}

// Add merges other into h.
func (h *Hits) Add(other Hits) {
	h.Drop = h.Drop || other.Drop
	for _, c := range other.Counts {
		h.add(c.Detector, c.Count)
	}
}

func (h *Hits) add(detector string, n int) {
	for i := range h.Counts {
		if h.Counts[i].Detector == detector {
			h.Counts[i].Count += n
			return
		}
	}
	h.Counts = append(h.Counts, Count{Detector: detector, Count: n})
}
