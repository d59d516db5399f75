package printer

import "strings"

// Text returns what a ticket looks like: its letters without the commands, and a line of ✂ where the paper is cut.
func Text(mediaType string, content []byte) string {
	if mediaType == "text/plain" {
		return string(content)
	}
	var out strings.Builder
	for len(content) > 0 {
		if n := command(content); n > 0 {
			if content[1] == 'd' {
				out.WriteString("✂\n")
			}
			content = content[min(n, len(content)):]
			continue
		}
		out.WriteRune(letter(content[0]))
		content = content[1:]
	}
	return out.String()
}

// escape begins a command.
const escape = 0x1b

// arguments are the lengths of the commands that a kitchen's tickets use, without their arguments' meaning.
var arguments = map[byte]int{'@': 0, 'E': 0, 'F': 0, 'i': 2, 'd': 1, 'h': 1, 'W': 1}

// command returns the length of the command at the beginning; 0: there is none.
func command(content []byte) int {
	if content[0] != escape || len(content) < 2 {
		return 0
	}
	if content[1] == 0x1d { // of two letters, with one argument
		return 4
	}
	return 2 + arguments[content[1]]
}

// upper are the characters of code page 858 from 128.
var upper = []rune("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0")

func letter(b byte) rune {
	if b < 128 {
		return rune(b)
	}
	return upper[b-128]
}
