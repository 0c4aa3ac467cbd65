package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
)

// rowSource reads the rows of several data files, over and over.
type rowSource struct {
	files []dataset.File
	turn  int // index of the file to open next
	file  *os.File
	lines *bufio.Reader
}

// next returns a row with its line break, and whether it wins. The row is valid
// until the next.
func (r *rowSource) next() (line []byte, wins bool, err error) {
	for empty := 0; empty <= len(r.files); {
		if r.file == nil {
			if r.file, err = os.Open(r.files[r.turn].Path); err != nil {
				return nil, false, err
			}
			r.turn = (r.turn + 1) % len(r.files)
			r.lines = bufio.NewReader(r.file)
			empty++
		}
		line, err = r.lines.ReadSlice('\n')
		if err == nil {
			return line, bytes.HasSuffix(bytes.TrimSpace(line), []byte(",7574")), nil
		}
		if err != io.EOF {
			return nil, false, err
		}
		r.close()
	}
	return nil, false, errors.New("los datos no tienen ninguna fila")
}

func (r *rowSource) close() {
	if r.file != nil {
		r.file.Close() // it was only read
		r.file = nil
	}
}
