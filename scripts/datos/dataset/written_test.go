package dataset

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fill fills a folder with the files of two agencies.
func fill(t *testing.T, dir string, seed uint64) {
	t.Helper()
	if _, err := Fill(context.Background(), Options{Dir: dir, Agencies: 2, Seed: seed}); err != nil {
		t.Fatal(err)
	}
	for agency := 1; agency <= 2; agency++ {
		if want, _ := synthetic(t, agency, seed); read(t, Path(dir, agency)) != want {
			t.Errorf("agency %d does not have the bets of seed %d", agency, seed)
		}
	}
}

// refuse has Fill refuse exactly these agencies' files, and change nothing.
func refuse(t *testing.T, dir string, agencies ...int) {
	t.Helper()
	before := contents(t, dir)
	_, err := Fill(context.Background(), Options{Dir: dir, Agencies: 3, Seed: 99})
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Fatalf("error %v is not one line", err)
	}
	if named := strings.Count(err.Error(), ".csv"); named != len(agencies) {
		t.Errorf("%d files are named, want %v: %v", named, agencies, err)
	}
	for _, agency := range agencies {
		if !strings.Contains(err.Error(), Path(dir, agency)) {
			t.Errorf("agency %d is not named: %v", agency, err)
		}
	}
	if after := contents(t, dir); after != before {
		t.Error("something changed")
	}
}

func contents(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	for name := range strings.FieldsSeq(names(t, dir)) {
		all.WriteString(name + "\n" + read(t, filepath.Join(dir, name)))
	}
	return all.String()
}

func TestFillReplacesItsOwn(t *testing.T) {
	dir := t.TempDir()
	for _, seed := range []uint64{1, 2, 2, 1} {
		fill(t, dir, seed)
	}
	if got := names(t, dir); got != ".generado agency-1.csv agency-2.csv" {
		t.Errorf("left in the folder: %s", got)
	}
}

func TestFillRefusesTheUsers(t *testing.T) {
	dir := t.TempDir()
	write(t, Path(dir, 1), []byte(rows))
	refuse(t, dir, 1)
	write(t, Path(dir, 3), []byte(rows))
	refuse(t, dir, 1, 3)
	// What Missing made, with the user's files left alone, may be replaced.
	if _, err := Fill(context.Background(), Options{Dir: dir, Agencies: 3, Missing: true}); err != nil || read(t, Path(dir, 3)) != rows {
		t.Fatalf("agency 3 has %.20q, %v", read(t, Path(dir, 3)), err)
	}
	refuse(t, dir, 1, 3)
	for _, agency := range []int{1, 3} {
		if err := os.Remove(Path(dir, agency)); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, dir, 5)
}

// A file that was made here and changed since is the user's, and so is one that
// was copied to another name.
func TestFillRefusesWhatWasChanged(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 1)
	made := read(t, Path(dir, 2))
	write(t, Path(dir, 2), []byte(made+rows))
	refuse(t, dir, 2)
	write(t, Path(dir, 2), []byte(read(t, Path(dir, 1))))
	refuse(t, dir, 2)
	write(t, Path(dir, 2), []byte(made))
	fill(t, dir, 2)
}

// Without the list nothing is known to be made here; but a file that would not
// change can stay.
func TestFillWithoutTheList(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 1)
	list := filepath.Join(dir, listName)
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	refuse(t, dir, 1, 2)
	fill(t, dir, 1)
	fill(t, dir, 2)
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(list, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Fill(context.Background(), Options{Dir: dir, Agencies: 2, Seed: 2}); err == nil {
		t.Error("a list that cannot be read went unnoticed")
	}
}

// A run that was killed while it moved the files leaves some of before. They are
// in the list as well.
func TestFillAfterHalfARun(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 1)
	before := read(t, Path(dir, 2))
	fill(t, dir, 2)
	write(t, Path(dir, 2), []byte(before))
	fill(t, dir, 3)
}

func TestFillRefusesWhatIsNoFile(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "agency-1.csv")
	fill(t, dir, 1)
	if err := os.Rename(Path(dir, 1), elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, Path(dir, 1)); err != nil {
		t.Skip(err)
	}
	refuse(t, dir, 1)
	if err := os.Remove(elsewhere); err != nil {
		t.Fatal(err)
	}
	if _, err := Fill(context.Background(), Options{Dir: dir, Agencies: 2, Seed: 1}); err == nil || !strings.Contains(err.Error(), "agency-1.csv") {
		t.Errorf("a link to nothing was replaced: %v", err)
	}
}
