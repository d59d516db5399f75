// Package firstrun tests the scripts that a new user runs before anything is compiled: tools/compile.sh and tools/doctor.sh.
package firstrun
