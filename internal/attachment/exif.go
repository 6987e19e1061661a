package attachment

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

// stripped passes a JPEG through without what cameras write beside the
// picture: place, time, owner (EXIF, XMP, IPTC; ASVS 14.2.8). Of the EXIF
// block only the orientation survives, so that photos of phones stay upright.
// What does not parse is passed through unchanged from there on.
func stripped(r io.Reader) io.Reader {
	in := bufio.NewReader(r)
	var head bytes.Buffer
	soi, err := in.Peek(2)
	if err != nil || soi[0] != 0xff || soi[1] != 0xd8 {
		return in
	}
	head.Write(soi)
	_, _ = in.Discard(2) // just peeked
	for {
		m, err := in.Peek(4)
		if err != nil || m[0] != 0xff || m[1] == 0xda || m[1] < 0xc0 {
			break // the picture itself, or something unexpected
		}
		size := int(binary.BigEndian.Uint16(m[2:])) + 2
		segment := make([]byte, size)
		if n, err := io.ReadFull(in, segment); err != nil {
			head.Write(segment[:n])
			break
		}
		switch segment[1] {
		case 0xe1: // EXIF or XMP
			if o := orientation(segment[4:]); o > 1 && o <= 8 {
				head.Write(exifWith(o))
			}
		case 0xed, 0xfe: // IPTC, comment
		default:
			head.Write(segment)
		}
	}
	return io.MultiReader(&head, in)
}

// orientation reads tag 0x0112 of the first image directory; 0 if there is
// none.
func orientation(b []byte) byte {
	if len(b) < 14 || string(b[:6]) != "Exif\x00\x00" {
		return 0
	}
	tiff := b[6:]
	var order binary.ByteOrder = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := int(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > len(tiff) {
		return 0
	}
	n := int(order.Uint16(tiff[at:]))
	for i := range n {
		e := at + 2 + 12*i
		if e+12 > len(tiff) {
			return 0
		}
		if order.Uint16(tiff[e:]) == 0x0112 {
			return byte(order.Uint16(tiff[e+8:]))
		}
	}
	return 0
}

// exifWith is a segment that says nothing but the orientation.
func exifWith(o byte) []byte {
	return []byte{
		0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
		0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, o, 0, 0, 0, 0, 0, 0,
	}
}
