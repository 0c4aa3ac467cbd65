package main

import (
	"time"

	oplogging "github.com/op/go-logging"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/replica"
)

var log = oplogging.MustGetLogger("server")

func logConfig(cfg config.Config) {
	log.Debugf("action: config | result: success | port: %d | listen_backlog: %d | logging_level: %s | agencies: %d | storage: %s | storage_sync: %t",
		cfg.Port, cfg.ListenBacklog, logging.Value(cfg.LoggingLevel), cfg.Agencies, logging.Value(cfg.Storage), cfg.StorageSync)
}

func logFailed(err error) {
	log.Criticalf("action: server | result: fail | error: %s", logging.Value(err.Error()))
}

func logRecovered(bets uint64, finished int) {
	log.Infof("action: recuperacion | result: success | apuestas: %d | agencias_finalizadas: %d", bets, finished)
}

func logRecovering(read, size int64) {
	log.Infof("action: recuperacion | result: in_progress | leidos: %d | bytes: %d", read, size)
}

func logListening(port int) {
	log.Infof("action: listen | result: success | port: %d", port)
}

// logCertificate logs that a certificate is in use from now on, or why the files that
// replace it do not serve.
func logCertificate(expiry time.Time, err error) {
	if err != nil {
		log.Errorf("action: certificado | result: fail | error: %s", logging.Value(err.Error()+" (what was read before stays in use)"))
		return
	}
	log.Infof("action: certificado | result: success | vence: %s", expiry.UTC().Format(time.RFC3339))
}

func logAdminListening(address string) {
	log.Infof("action: listen_admin | result: success | address: %s", logging.Value(address))
}

func logNoLocks(path string) {
	log.Warningf("action: lock | result: fail | file: %s | error: this system has no file locks, so a second server is not kept away", logging.Value(path))
}

func logTorn(bytes int64, path string) {
	log.Warningf("action: fila_incompleta | result: success | bytes: %d | conservada_en: %s", bytes, logging.Value(path))
}

func logDraw(recovered bool, bets uint64, winners int) {
	action := "sorteo"
	if recovered {
		action = "sorteo_recuperado"
	}
	log.Infof("action: %s | result: success | apuestas: %d | ganadores: %d", action, bets, winners)
}

// logReplicatedDraw logs the draw of several centrals. One of them says sorteo.
func logReplicatedDraw(how replica.DrawnBy, bets uint64, winners int) {
	action := map[replica.DrawnBy]string{
		replica.ThisCentral:    "sorteo",
		replica.AnotherCentral: "sorteo_observado",
		replica.Before:         "sorteo_recuperado",
	}[how]
	log.Infof("action: %s | result: success | apuestas: %d | ganadores: %d", action, bets, winners)
}

func logClusterAwaited(err error) {
	log.Infof("action: cluster | result: in_progress | error: %s", logging.Value(err.Error()))
}

func logExported(folder string, bets uint64, winners int) {
	log.Infof("action: export | result: success | carpeta: %s | apuestas: %d | ganadores: %d", logging.Value(folder), bets, winners)
}

func logDrawFailed(err error) {
	log.Criticalf("action: sorteo | result: fail | error: %s", logging.Value(err.Error()))
}

func logStopped(reason error) {
	log.Infof("action: shutdown | result: success | reason: %s", logging.Value(reason.Error()))
}
