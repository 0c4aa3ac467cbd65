package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/dataset"
)

// data is a load made ready: the files of its agencies.
type data struct {
	dir     string
	files   []string // of agencies 1, 2, …
	bets    int
	winners int
	bytes   int64
}

// prepare makes a load's files once. They stay until the end: the runs are
// interleaved.
func (l *laboratory) prepare(ctx context.Context, want load) (*data, error) {
	if made := l.loads[want]; made != nil {
		return made, nil
	}
	if l.base == nil {
		if err := l.makeBase(ctx); err != nil {
			return nil, err
		}
	}
	var made *data
	var err error
	if want.times > 0 {
		made, err = l.repeat(ctx, want.times)
	} else {
		made, err = l.crowd(ctx, want)
	}
	if err != nil {
		return nil, err
	}
	l.loads[want] = made
	return made, nil
}

// makeBase makes the five files of the official sizes.
func (l *laboratory) makeBase(ctx context.Context) error {
	files, err := dataset.Fill(ctx, dataset.Options{
		Dir: filepath.Join(l.dir, "base"), Zips: l.zips, Agencies: 5, Seed: 7574,
	})
	if err != nil {
		return err
	}
	l.base = files
	l.origin = "sintéticos, con los tamaños de los del curso"
	if files[0].Origin == dataset.Course {
		l.origin = "los del curso"
	}
	return nil
}

// repeat makes files that hold the base's content so many times over.
func (l *laboratory) repeat(ctx context.Context, times int) (*data, error) {
	dir := filepath.Join(l.dir, fmt.Sprintf("%dx", times))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	size := dataset.Total(l.base)
	made := &data{dir: dir, bets: times * size.Bets, winners: times * size.Winners}
	for _, file := range l.base {
		path := dataset.Path(dir, file.Agency)
		n, err := copies(ctx, path, file.Path, times)
		if err != nil {
			return nil, err
		}
		made.files = append(made.files, path)
		made.bytes += n
	}
	return made, nil
}

// copies writes a file's content to another many times, and has it on disk so
// that writing it back does not disturb what is measured later.
func copies(ctx context.Context, to, from string, times int) (int64, error) {
	content, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer content.Close()
	return writeSynced(to, func(w io.Writer) error {
		for range times {
			if err := ctx.Err(); err != nil {
				return err
			}
			if _, err := content.Seek(0, io.SeekStart); err != nil {
				return err
			}
			if _, err := io.Copy(w, content); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeSynced(path string, content func(io.Writer) error) (int64, error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Close() // for the error paths
	if err := content(file); err != nil {
		return 0, err
	}
	if err := file.Sync(); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), file.Close()
}

// crowd deals the base's rows out to many agencies.
func (l *laboratory) crowd(ctx context.Context, want load) (*data, error) {
	made := &data{
		dir:  filepath.Join(l.dir, fmt.Sprintf("crowd-%d-%d", want.agencies, want.bets)),
		bets: want.agencies * want.bets,
	}
	if err := os.Mkdir(made.dir, 0o755); err != nil {
		return nil, err
	}
	rows := &rowSource{files: l.base}
	defer rows.close()
	for agency := 1; agency <= want.agencies; agency++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		path := dataset.Path(made.dir, agency)
		n, err := writeSynced(path, func(w io.Writer) error {
			winners, err := deal(w, rows, want.bets)
			made.winners += winners
			return err
		})
		if err != nil {
			return nil, err
		}
		made.files = append(made.files, path)
		made.bytes += n
	}
	return made, nil
}

// deal writes the next rows and returns how many of them win.
func deal(w io.Writer, rows *rowSource, count int) (winners int, err error) {
	out := bufio.NewWriter(w)
	for range count {
		line, wins, err := rows.next()
		if err != nil {
			return 0, err
		}
		if wins {
			winners++
		}
		out.Write(line) // Flush tells
	}
	return winners, out.Flush()
}
