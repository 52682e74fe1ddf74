package serve

import (
	"regexp"
	"sync"

	"github.com/tidwall/gjson"
)

// patterns compiles each judge's pattern once; the plan checked them.
var patterns sync.Map

func pattern(text string) *regexp.Regexp {
	if re, ok := patterns.Load(text); ok {
		return re.(*regexp.Regexp)
	}
	re := regexp.MustCompile(text)
	patterns.Store(text, re)
	return re
}

// matches checks a value against the part of JSON Schema that structured outputs use: type, required, properties, items,
// enum and additionalProperties. What else a schema says is not looked at.
func matches(v, schema gjson.Result, depth int) bool {
	if !schema.IsObject() || depth > 32 {
		return true
	}
	if !typed(v, schema.Get("type")) || !listed(v, schema.Get("enum")) {
		return false
	}
	switch {
	case v.IsObject():
		return matchesObject(v, schema, depth)
	case v.IsArray():
		items := schema.Get("items")
		for _, item := range v.Array() {
			if !matches(item, items, depth+1) {
				return false
			}
		}
	}
	return true
}

func matchesObject(v, schema gjson.Result, depth int) bool {
	fields := v.Map()
	for _, name := range schema.Get("required").Array() {
		if _, ok := fields[name.Str]; !ok {
			return false
		}
	}
	properties := schema.Get("properties").Map()
	closed := schema.Get("additionalProperties").Type == gjson.False
	for name, value := range fields {
		property, ok := properties[name]
		if !ok && closed || ok && !matches(value, property, depth+1) {
			return false
		}
	}
	return true
}

func typed(v, want gjson.Result) bool {
	if !want.Exists() {
		return true
	}
	if !want.IsArray() {
		return isType(v, want.Str)
	}
	for _, one := range want.Array() {
		if isType(v, one.Str) {
			return true
		}
	}
	return false
}

func isType(v gjson.Result, name string) bool {
	switch name {
	case "object":
		return v.IsObject()
	case "array":
		return v.IsArray()
	case "string":
		return v.Type == gjson.String
	case "number":
		return v.Type == gjson.Number
	case "integer":
		return v.Type == gjson.Number && v.Num == float64(int64(v.Num))
	case "boolean":
		return v.IsBool()
	case "null":
		return v.Type == gjson.Null
	}
	return true
}

func listed(v, enum gjson.Result) bool {
	if !enum.IsArray() {
		return true
	}
	for _, one := range enum.Array() {
		if one.Raw == v.Raw || one.Type == gjson.String && v.Type == gjson.String && one.Str == v.Str {
			return true
		}
	}
	return false
}
