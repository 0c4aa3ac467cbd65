package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Whoever carries this identity as author and committer was made here.
const (
	identityName  = "make ramas"
	identityEmail = "ramas@tp0.invalid"
)

// repository runs git in a work tree, with an index of its own and the fixed
// identity.
type repository struct {
	dir string
	env []string
}

func openRepository(ctx context.Context, dir, index string) (*repository, error) {
	r := &repository{dir: dir, env: append(os.Environ(),
		"GIT_INDEX_FILE="+index,
		"GIT_AUTHOR_NAME="+identityName, "GIT_AUTHOR_EMAIL="+identityEmail,
		"GIT_COMMITTER_NAME="+identityName, "GIT_COMMITTER_EMAIL="+identityEmail,
	)}
	top, err := r.git(ctx, "rev-parse", "--show-toplevel")
	r.dir = top
	return r, err
}

// git returns what a command prints, without the last line break.
func (r *repository) git(ctx context.Context, args ...string) (string, error) {
	return r.feed(ctx, nil, args...)
}

// feed runs a command on an input.
func (r *repository) feed(ctx context.Context, input []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "log.showSignature=false"}, args...)...)
	cmd.Dir, cmd.Env = r.dir, r.env
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(exit.Stderr))
	}
	return strings.TrimSuffix(string(out), "\n"), err
}

// tip returns the commit that a branch is at, or "" if there is none.
func (r *repository) tip(ctx context.Context, branch string) (string, error) {
	return r.git(ctx, "for-each-ref", "--format=%(objectname)", "refs/heads/"+branch)
}

// contains tells whether the first commit is the second or comes before it.
func (r *repository) contains(ctx context.Context, commit, tip string) (bool, error) {
	out, err := r.git(ctx, "rev-list", "--max-count=1", commit, "^"+tip)
	return out == "", err
}

// wasMain tells whether main was at the commit before it was rewritten.
func (r *repository) wasMain(ctx context.Context, commit string) (bool, error) {
	log, err := r.git(ctx, "reflog", "show", "--format=%H", "refs/heads/main", "--")
	return strings.Contains(log, commit), err
}

// workTrees returns where each branch is checked out.
func (r *repository) workTrees(ctx context.Context) (map[string]string, error) {
	list, err := r.git(ctx, "worktree", "list", "--porcelain")
	trees := make(map[string]string)
	var path string
	for line := range strings.Lines(list) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "worktree":
			path = value
		case "branch":
			trees[strings.TrimPrefix(value, "refs/heads/")] = path
		}
	}
	return trees, err
}

// commitOn returns the commit that changes some files of its parent, and bears
// its parent's date.
func (r *repository) commitOn(ctx context.Context, parent, message string, files map[string][]byte) (string, error) {
	date, err := r.git(ctx, "show", "--no-patch", "--format=@%ct +0000", parent)
	if err != nil {
		return "", err
	}
	if _, err := r.git(ctx, "read-tree", parent); err != nil {
		return "", err
	}
	for path, content := range files {
		blob, err := r.feed(ctx, content, "hash-object", "-w", "--stdin")
		if err != nil {
			return "", err
		}
		if _, err := r.git(ctx, "update-index", "--add", "--cacheinfo", "100644,"+blob+","+path); err != nil {
			return "", err
		}
	}
	tree, err := r.git(ctx, "write-tree")
	if err != nil {
		return "", err
	}
	dated := &repository{dir: r.dir, env: append(r.env, "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)}
	return dated.feed(ctx, []byte(message), "-c", "i18n.commitEncoding=UTF-8", "commit-tree", tree, "-p", parent)
}
