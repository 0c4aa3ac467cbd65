package identity

import (
	"io/fs"
	"os"
	"sync"
	"time"
)

// Source gives the credentials that the files hold now. It reads the files again
// when they were replaced, so that nothing has to be restarted.
type Source struct {
	files    Files
	role     Role
	reloaded func(expiry time.Time, err error)

	mu      sync.Mutex // guards what follows
	current *credentials
	seen    [3]fs.FileInfo // of the files when they were last read; nil for one that could not be examined
	failure string         // why they did not serve then; empty if they did
}

// NewSource reads the files, and fails if they do not serve for the role: the error
// names the file at fault and the remedy. From then on the Source calls reloaded
// whenever it has read files that were replaced: with the expiry of the certificate in
// use, and with why the new files do not serve. In that case the Source keeps what
// it had.
func NewSource(files Files, role Role, reloaded func(expiry time.Time, err error)) (*Source, error) {
	s := &Source{files: files, role: role, reloaded: reloaded}
	s.seen = files.examine()
	var err error
	s.current, err = files.read(role, time.Now())
	return s, err
}

// Expiry is when the certificate expires that is in use.
func (s *Source) Expiry() time.Time { return s.credentials().expiry() }

// credentials returns those in use, after a look at the files. A handshake calls
// it.
func (s *Source) credentials() *credentials {
	current, changed, err := s.refresh()
	if changed {
		s.reloaded(current.expiry(), err) // without the lock: a log may have to wait
	}
	return current
}

// refresh reads the files again if they changed. It also does if they did not serve:
// the reason may be gone without a change, for example if there were no file
// descriptors left. changed tells that there is news, and err why the files do not serve.
func (s *Source) refresh() (current *credentials, changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The files are examined before they are read: what changes meanwhile is seen
	// the next time.
	now := s.files.examine()
	replaced := !same(now, s.seen)
	if !replaced && s.failure == "" {
		return s.current, false, nil
	}
	s.seen = now
	renewed, err := s.files.read(s.role, time.Now())
	before := s.failure
	if err != nil {
		s.failure = err.Error()
	} else {
		s.current, s.failure = renewed, ""
	}
	return s.current, replaced || s.failure != before, err
}

func (f Files) examine() (infos [3]fs.FileInfo) {
	for i, path := range []string{f.CA, f.Cert, f.Key} {
		if info, err := os.Stat(path); err == nil {
			infos[i] = info
		}
	}
	return infos
}

// same returns whether the files are those that were seen before, unchanged.
func same(now, before [3]fs.FileInfo) bool {
	for i := range now {
		a, b := now[i], before[i]
		if (a == nil) != (b == nil) {
			return false
		}
		if a != nil && (!os.SameFile(a, b) || !a.ModTime().Equal(b.ModTime()) || a.Size() != b.Size()) {
			return false
		}
	}
	return true
}
