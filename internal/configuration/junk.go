package configuration

import "strings"

// junkValues are what makers leave where a serial number should be. They name
// thousands of machines, so they identify none.
var junkValues = func() map[string]bool {
	m := map[string]bool{}
	for _, s := range []string{
		"default string", "default", "to be filled by o.e.m.", "to be filled by oem", "system serial number", "system manufacturer", "system product name", "not specified",
		"not available", "not applicable", "n/a", "na", "none", "null", "unknown", "invalid", "oem", "o.e.m.", "empty", "serial", "serial number", "chassis serial number",
		"base board serial number", "no asset tag", "no asset information", "asset-1234567890", "123456789", "1234567890", "0123456789", "012345678910", "xxxxxxx", "sn",
		"filled by oem", "to be defined by o.e.m", "03000200-0400-0500-0006-000700080009", "virtual", "innotek gmbh", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "test", "-", ".", "*",
	} {
		m[s] = true
	}
	return m
}()

// junk reports whether a value says nothing about which thing it is. v is in
// the writing of exactly. A name is never junk: people chose it.
func junk(key, v string) bool {
	if key == "name" || key == "version" {
		return v == ""
	}
	if junkValues[v] {
		return true
	}
	letters := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -:._/#", r) {
			return -1
		}
		return r
	}, v)
	if key == "mac" && virtualMAC(letters) {
		return true
	}
	return len(letters) < 2 || strings.Trim(letters, letters[:1]) == ""
}

// virtualMAC: addresses that programs give out the same on every machine.
func virtualMAC(hex string) bool {
	for _, p := range []string{"005056c0", "0242", "505054503030", "33506f453030", "00059a3c7a00", "020054554e01"} {
		if strings.HasPrefix(hex, p) {
			return true
		}
	}
	return false
}
