package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// checkMonitors asks each server at its monitoring port whether it syncs its files
// before it acknowledges. A majority must answer, for one server may be down; none may
// say no. By default NATS syncs every two minutes, and a power cut loses what was
// acknowledged since.
func checkMonitors(ctx context.Context, monitors []string) error {
	const majority = replicas/2 + 1
	if len(monitors) < majority {
		return wrongSetting("SERVER_CLUSTER names %d servers, expected all %d (or their monitoring ports in SERVER_CLUSTER_MONITOR)", len(monitors), replicas)
	}
	servers, failures := make([]string, len(monitors)), make([]error, len(monitors))
	var asked sync.WaitGroup
	for i, monitor := range monitors {
		asked.Go(func() { servers[i], failures[i] = checkMonitor(ctx, monitor) })
	}
	asked.Wait()
	synced := make(map[string]bool)
	var silent []string
	for i, err := range failures {
		var wrong *settingError
		switch {
		case errors.As(err, &wrong):
			return err
		case err != nil:
			silent = append(silent, err.Error())
		default:
			synced[servers[i]] = true
		}
	}
	if len(synced) < majority {
		silent = append(silent, fmt.Sprintf("%d of %d NATS servers have said that they sync", len(synced), replicas))
		return errors.New(strings.Join(silent, "; "))
	}
	return nil
}

// checkMonitor asks one server, and returns its id.
func checkMonitor(ctx context.Context, monitor string) (id string, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, monitor+"/jsz", nil)
	if err != nil {
		return "", wrongSetting("monitoring port %s: %v", monitor, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err // names the URL
	}
	defer response.Body.Close()
	var answer struct {
		ServerID string `json:"server_id"`
		Disabled bool
		Config   *struct {
			SyncAlways bool `json:"sync_always"`
		}
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("monitoring port %s: %s", monitor, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("monitoring port %s: %w", monitor, err)
	}
	switch {
	case answer.Disabled: // while it starts, and after its disk was full
		return "", fmt.Errorf("the NATS server at %s runs without JetStream", monitor)
	case answer.Config == nil || answer.ServerID == "":
		return "", fmt.Errorf("monitoring port %s: the server is not ready", monitor)
	case !answer.Config.SyncAlways:
		return "", wrongSetting("the NATS server at %s acknowledges before its files are on disk: set `sync_interval: always` in its jetstream block", monitor)
	}
	return answer.ServerID, nil
}
