// Package bench compares masking here with the stock redaction and transform processors. The stock ones are behind the
// build tag "bench", so that they are in no program that is shipped:
//
//	go test -tags bench -run xxx -bench . ./collector/bench
package bench
