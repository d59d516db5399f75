package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

// spdx is a document of SPDX 2.3 in JSON, with the fields that we fill.
type spdx struct {
	Version       string         `json:"spdxVersion"`
	DataLicense   string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []spdxPackage  `json:"packages"`
	Relationships []relationship `json:"relationships"`

	commit string
	known  map[string]bool
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	Name             string         `json:"name"`
	ID               string         `json:"SPDXID"`
	Version          string         `json:"versionInfo"`
	DownloadLocation string         `json:"downloadLocation"`
	FilesAnalyzed    bool           `json:"filesAnalyzed"`
	LicenseConcluded string         `json:"licenseConcluded"`
	LicenseDeclared  string         `json:"licenseDeclared"`
	Copyright        string         `json:"copyrightText"`
	Comment          string         `json:"comment,omitempty"`
	Checksums        []checksum     `json:"checksums,omitempty"`
	References       []externalName `json:"externalRefs,omitempty"`
}

type checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type externalName struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

const unknown = "NOASSERTION"

// newList begins the list of what an image for a platform is made of.
func (s source) newList(service, platform string) *spdx {
	name := "eupay-" + service + "-linux-" + platform
	l := &spdx{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: name,
		Namespace: "https://european-pay.eu/spdx/" + name + "-" + s.commit,
		Creation:  creation{Created: s.at.Format(time.RFC3339), Creators: []string{"Organization: EU Pay", "Tool: eupay-images"}},
		commit:    s.commit, known: make(map[string]bool),
	}
	l.put("SPDXRef-DOCUMENT", "DESCRIBES", spdxPackage{Name: name, ID: "SPDXRef-image", Version: s.version})
	return l
}

// add lists a program and the modules that the linker put into it. What they are is read from the program itself.
func (l *spdx) add(name, binary string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("read what %s is made of: %w", name, err)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	program := "SPDXRef-program-" + name
	l.put("SPDXRef-image", "CONTAINS", spdxPackage{
		Name: info.Path, ID: program, Version: l.commit, Checksums: []checksum{{"SHA256", hex.EncodeToString(sum[:])}},
	})
	l.module(program, debug.Module{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")})
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		l.module(program, *m)
	}
	return nil
}

// module lists one module. Those of the workspace have no version but the commit.
func (l *spdx) module(program string, m debug.Module) {
	if m.Version == "" || m.Version == "(devel)" {
		m.Version = l.commit
	}
	p := spdxPackage{
		Name: m.Path, Version: m.Version, ID: "SPDXRef-module-" + strings.Map(idOnly, m.Path+"-"+m.Version),
		References: []externalName{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + m.Path + "@" + m.Version}},
	}
	if m.Sum != "" {
		p.Comment = "go.sum: " + m.Sum
	}
	l.put(program, "DEPENDS_ON", p)
}

// rootsModule is where the trusted authorities come from. They are a file of the image and in no program.
const rootsModule = "golang.org/x/crypto/x509roots/fallback"

// addRoots lists the module of the trusted authorities, as this program was built with it.
func (l *spdx) addRoots() error {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == rootsModule {
				l.module("SPDXRef-image", *m)
				return nil
			}
		}
	}
	return fmt.Errorf("this program does not say which version of %s it was built with", rootsModule)
}

// idOnly maps a character to one that SPDX permits in identifiers.
func idOnly(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
		return r
	}
	return '-'
}

func (l *spdx) put(from, kind string, p spdxPackage) {
	l.Relationships = append(l.Relationships, relationship{from, kind, p.ID})
	if l.known[p.ID] {
		return
	}
	l.known[p.ID] = true
	p.DownloadLocation, p.LicenseConcluded, p.LicenseDeclared, p.Copyright = unknown, unknown, unknown, unknown
	l.Packages = append(l.Packages, p)
}

// statement is an in-toto statement, version 1, with the provenance of SLSA 1.0. It is not signed: that is done when an image is pushed.
type statement struct {
	Type          string     `json:"_type"`
	Subject       []subject  `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     provenance `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

type provenance struct {
	BuildDefinition struct {
		BuildType  string         `json:"buildType"`
		External   map[string]any `json:"externalParameters"`
		Internal   map[string]any `json:"internalParameters"`
		Ingredient []subject      `json:"resolvedDependencies"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID string `json:"id"`
		} `json:"builder"`
	} `json:"runDetails"`
}

// provenance says how the image was made: with these parameters the same command makes the same digests.
func (s source) provenance(service string, platforms []string, subjects []subject) *statement {
	st := &statement{Type: "https://in-toto.io/Statement/v1", Subject: subjects, PredicateType: "https://slsa.dev/provenance/v1"}
	d := &st.Predicate.BuildDefinition
	d.BuildType = "https://european-pay.eu/buildtypes/images/v1"
	d.External = map[string]any{"service": service, "platforms": platforms, "version": s.version, "sourceDateEpoch": s.at.Unix()}
	d.Internal = map[string]any{"flags": s.flags(), "toolchain": toolchain}
	d.Ingredient = []subject{
		{URI: "git+https://european-pay.eu/eupay", Digest: map[string]string{"gitCommit": s.commit}},
		{URI: "pkg:golang/toolchain@" + toolchain},
	}
	st.Predicate.RunDetails.Builder.ID = "https://european-pay.eu/builders/images"
	return st
}

func writeJSON(path string, document any) error {
	content, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644) //nolint:gosec // public
}
