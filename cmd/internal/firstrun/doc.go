// Package firstrun tests what a newcomer meets before anything of ours is compiled: the scripts tools/compile.sh and
// tools/doctor.sh.
package firstrun
