package dataset

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const rows = "Ana María,Pérez,00123456,1990-02-28,7574\nLeón,Núñez,20000001,1991-01-01,1\n"

type entry struct{ name, content string }

func zipBytes(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for _, e := range entries {
		f, err := w.Create(e.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// names lists a folder, to see that nothing was left behind.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

func TestFillSynthetic(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", ".data")
	files, err := Fill(context.Background(), Options{Dir: dir, Agencies: 2, Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	if Total(files) != (Size{Bets: 26936 + 25518, Winners: 5}) || files[0].Origin != Synthetic {
		t.Errorf("got %+v", files)
	}
	text, _ := synthetic(t, 2, 9)
	if read(t, Path(dir, 2)) != text || names(t, dir) != ".generado agency-1.csv agency-2.csv" {
		t.Errorf("wrong content, or left over: %s", names(t, dir))
	}
	for path, want := range map[string]os.FileMode{dir: 0o755, Path(dir, 1): 0o644} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, want %v (%v)", path, info.Mode(), want, err)
		}
	}
}

func TestFillFromZip(t *testing.T) {
	for _, name := range zipNames {
		for _, prefix := range []string{"", "dataset/", "../../", `carpeta\`} {
			dir := t.TempDir()
			write(t, filepath.Join(dir, name), zipBytes(t,
				entry{"__MACOSX/agency-5.csv", "junk"},
				entry{prefix + "agency-1.csv", rows}, entry{prefix + "agency-2.csv", rows},
				entry{prefix + "agency-3.csv", rows}, entry{prefix + "agency-4.csv", rows},
				entry{prefix + "agency-01.csv", "junk"},
				entry{"README.txt", "junk"}))
			files, err := Fill(context.Background(), Options{Dir: dir, Agencies: 5, Seed: 1})
			if err != nil {
				t.Fatalf("%s %s: %v", name, prefix, err)
			}
			if files[0].Origin != Course || files[0].Size != (Size{2, 1}) || files[4].Origin != Synthetic {
				t.Errorf("%s %s: got %+v", name, prefix, files)
			}
			if got := read(t, Path(dir, 1)); got != rows {
				t.Errorf("%s %s: unpacked %q", name, prefix, got)
			}
			if got := names(t, dir); got != ".generado agency-1.csv agency-2.csv agency-3.csv agency-4.csv agency-5.csv "+name {
				t.Errorf("left in the folder: %s", got)
			}
		}
	}
}

// TestFillRefuses checks that what is wrong is one clear line, and that files
// that exist stay as they were.
func TestFillRefuses(t *testing.T) {
	whole := zipBytes(t, entry{"agency-1.csv", strings.Repeat(rows, 1000)})
	flipped := bytes.Clone(whole)
	flipped[60] ^= 0xff
	for _, c := range []struct {
		name    string
		zip     []byte
		mention string
	}{
		{"no zip", []byte("esto no es un zip"), "dañado"},
		{"empty", nil, "dañado"},
		{"cut", whole[:len(whole)/2], "dañado"},
		{"flipped bits", flipped, "dañado"},
		{"nothing of use", zipBytes(t, entry{"otra.csv", rows}), "ningún archivo agency-N.csv"},
		{"twice", zipBytes(t, entry{"a/agency-1.csv", rows}, entry{"b/agency-1.csv", rows}), "dos archivos"},
		{"four columns", zipBytes(t, entry{"agency-1.csv", rows + "Ana,Paz,1,1990-01-01\n"}), "la línea 3"},
		{"a quote", zipBytes(t, entry{"agency-1.csv", "\"Ana,Paz,1,1990-01-01,1\n"}), "agency-1.csv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "dataset.zip"), c.zip)
			write(t, Path(dir, 1), []byte("mine"))
			_, err := Fill(context.Background(), Options{Dir: dir, Agencies: 1})
			if err == nil || !strings.Contains(err.Error(), c.mention) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v does not say %q in one line", err, c.mention)
			}
			if read(t, Path(dir, 1)) != "mine" || names(t, dir) != "agency-1.csv dataset.zip" {
				t.Errorf("changed something: %s", names(t, dir))
			}
		})
	}
}

func TestFillBoundsEntries(t *testing.T) {
	defer func(limit int64) { maxEntry = limit }(maxEntry)
	maxEntry = int64(len(rows))
	dir := t.TempDir()
	for name, content := range map[string]string{"fits": rows, "exceeds": rows + rows} {
		write(t, filepath.Join(dir, "dataset.zip"), zipBytes(t, entry{"agency-1.csv", content}))
		_, err := Fill(context.Background(), Options{Dir: dir, Agencies: 1})
		if refused := err != nil; refused != (name == "exceeds") {
			t.Errorf("an entry that %s: %v", name, err)
		}
	}
}

func TestFillKeepsExisting(t *testing.T) {
	dir := t.TempDir()
	write(t, Path(dir, 1), []byte(rows))
	files, err := Fill(context.Background(), Options{Dir: dir, Agencies: 2, Missing: true})
	if err != nil || files[0].Origin != Kept || files[0].Size != (Size{2, 1}) || read(t, Path(dir, 1)) != rows {
		t.Errorf("got %+v, %v", files, err)
	}
	if files[1].Bets != 25518 {
		t.Errorf("the missing file was not made: %+v", files[1])
	}
}

// What is in another folder is used there, and comes before that folder's zip.
func TestFillFromAnotherFolder(t *testing.T) {
	source, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(source, "dataset.zip"), zipBytes(t, entry{"agency-1.csv", rows + rows}, entry{"agency-2.csv", rows + rows}))
	write(t, Path(source, 1), []byte(rows))
	files, err := Fill(context.Background(), Options{Dir: dir, Source: source, Agencies: 2, Missing: true})
	if err != nil || files[0].Path != Path(source, 1) || files[0].Origin != Kept || files[0].Bets != 2 {
		t.Errorf("got %+v, %v", files, err)
	}
	if files[1].Path != Path(dir, 2) || files[1].Origin != Course || files[1].Bets != 4 {
		t.Errorf("got %+v", files[1])
	}
	if names(t, dir) != ".generado agency-2.csv" || names(t, source) != "agency-1.csv dataset.zip" {
		t.Errorf("made %q, left %q", names(t, dir), names(t, source))
	}
}

func TestFillOverFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(Path(dir, 2), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Fill(context.Background(), Options{Dir: dir, Agencies: 2})
	if err == nil || !strings.Contains(err.Error(), "es una carpeta") || names(t, dir) != "agency-2.csv" {
		t.Errorf("error %v, folder holds %s", err, names(t, dir))
	}
}

func TestFillInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	if _, err := Fill(ctx, Options{Dir: dir, Agencies: 1}); err == nil || names(t, dir) != "" {
		t.Errorf("error %v, folder holds %q", err, names(t, dir))
	}
}

func TestOfficialData(t *testing.T) {
	shared := filepath.Join("..", "..", "..", "..", "shared", "data")
	if _, err := os.Stat(filepath.Join(shared, "dataset.zip")); err != nil {
		t.Skip("the course's data is not at hand: ../shared/data/dataset.zip")
	}
	files, err := Fill(context.Background(), Options{Dir: t.TempDir(), Source: shared, Agencies: 5})
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		if file.Size != official[i] || file.Origin != Course {
			t.Errorf("agency %d: %+v, want %+v", i+1, file, official[i])
		}
	}
}
