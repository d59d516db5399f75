// Package device is where a request comes from: its address, its browser and its language.
package device

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// maxUserAgent is how much of a User-Agent header is kept: enough to tell devices apart.
const maxUserAgent = 300

// Device is where a request comes from.
type Device struct {
	IP        netip.Addr
	UserAgent string
	// Language is what the browser asks for, "fr" or "en"; empty: neither.
	Language string
}

// Agent is the User-Agent as it is stored.
func (d Device) Agent() string {
	s := strings.ToValidUTF8(strings.ReplaceAll(d.UserAgent, "\x00", ""), "")
	if utf8.RuneCountInString(s) > maxUserAgent {
		s = string([]rune(s)[:maxUserAgent])
	}
	return s
}

// Address is the IP as it is stored; nil when it is not known.
func (d Device) Address() *netip.Addr {
	if !d.IP.IsValid() {
		return nil
	}
	ip := d.IP.Unmap().WithZone("")
	return &ip
}

// IPText is the IP as mails and the audit log write it; a dash when it is not known.
func (d Device) IPText() string {
	if !d.IP.IsValid() {
		return "–"
	}
	return d.IP.Unmap().String()
}

// Name names the browser and system of a User-Agent header as people do ("Firefox on Linux"), as far as it tells. It is for people
// who look for the device that is not theirs; what claims to be a browser may be anything.
func Name(userAgent string) string { return NameIn(userAgent, "en") }

// NameIn is Name in a language.
func NameIn(userAgent, language string) string {
	on, unknown := " on ", "Unknown device"
	if language == "fr" {
		on, unknown = " sur ", "Appareil inconnu"
	}
	browser, system := named(userAgent, browsers), named(userAgent, systems)
	switch {
	case browser != "" && system != "":
		return browser + on + system
	case browser != "" || system != "":
		return browser + system
	case userAgent == "":
		return unknown
	}
	name, _, _ := strings.Cut(userAgent, " ")
	name, _, _ = strings.Cut(name, "/")
	return name
}

// The first that stands in the header counts: browsers name the ones that they descend from as well.
var (
	browsers = [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}}
	systems  = [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Macintosh", "Mac"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

func named(userAgent string, list [][2]string) string {
	for _, one := range list {
		if strings.Contains(userAgent, one[0]) {
			return one[1]
		}
	}
	return ""
}
