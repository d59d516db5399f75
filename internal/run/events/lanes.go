package events

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
)

// LaneNumbers are the numbers of lanes that a consumer may have: few, because the broker's permissions name every durable.
var LaneNumbers = []int{1, 2, 4, 8}

// Durables returns the names of a consumer's durables on the event stream, one for each lane. They contain the number of lanes, so that
// a durable never continues with other merchants than it had.
func Durables(name string, lanes int) []string {
	if lanes <= 1 {
		return []string{name}
	}
	list := make([]string, lanes)
	for i := range list {
		list[i] = fmt.Sprintf("%s-%d-%d", name, lanes, i+1)
	}
	return list
}

// lanePattern matches the end of a lane's durable.
var lanePattern = regexp.MustCompile(`-[248]-[1-8]$`)

// ConsumerOf returns the name of the consumer that has a durable.
func ConsumerOf(durable string) string { return lanePattern.ReplaceAllString(durable, "") }

// LaneOf returns the lane of a merchant, from 0.
func LaneOf(merchant string, lanes int) int {
	sum := sha256.Sum256([]byte(merchant))
	return int(binary.BigEndian.Uint32(sum[:]) % uint32(lanes))
}
