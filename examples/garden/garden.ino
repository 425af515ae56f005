// A sketch that Home Assistant can update over Wi-Fi, again and again: it shows its version, keeps its secrets in a file of
// their own, comes back after a Wi-Fi drop, and answers a health check.
//
// Arduino MKR1000: libraries WiFi101 and WiFi101OTA.
// Arduino MKR WiFi 1010 and NANO 33 IoT: libraries WiFiNINA and ArduinoOTA.

#include <SPI.h>
#if defined(ARDUINO_SAMD_MKR1000)
#include <WiFi101.h>
#include <WiFi101OTA.h>
#else
#include <WiFiNINA.h>
#include <ArduinoOTA.h>
#endif

#include "arduino_secrets.h"

#define SKETCH_VERSION "1.2.3"

// The password that an update needs while this sketch runs. With the second line in place of the first, each build has a
// password of its own, and so proves that it is the one that runs. The price: the Arduino IDE, too, then needs the
// password of the build before, so keep the .bin of each build. Home Assistant finds it there by itself.
#define OTA_PASSWORD SECRET_OTA_PASSWORD
// #define OTA_PASSWORD SECRET_OTA_PASSWORD " " __DATE__ " " __TIME__

const unsigned long GIVE_UP_AFTER = 60000;  // milliseconds without Wi-Fi until the board starts anew

WiFiServer health(80);

void setup() {
  // This one line tells Home Assistant the version, whatever the file is called. It costs a few bytes of flash.
  asm volatile("" :: "r"("mkr1000_ota:version=" SKETCH_VERSION));

  pinMode(LED_BUILTIN, OUTPUT);
  if (WiFi.status() == WL_NO_SHIELD) {
    restart();
  }
  connect();

  // The name that discovery shows. A sketch is offered to boards of its name only: give boards that do different things
  // different names.
#if defined(ARDUINO_SAMD_MKR1000)
  WiFiOTA.begin("Garden", OTA_PASSWORD, InternalStorage);
#else
  ArduinoOTA.begin(WiFi.localIP(), "Garden", OTA_PASSWORD, InternalStorage);
#endif
  health.begin();
}

void loop() {
  // As often as possible: while loop() is busy with something else, the board cannot be found or updated.
#if defined(ARDUINO_SAMD_MKR1000)
  WiFiOTA.poll();
#else
  ArduinoOTA.poll();
#endif

  answerHealthCheck();
  restartWhenDisconnected();
  water();
}

void connect() {
  const unsigned long began = millis();
  while (WiFi.begin(SECRET_SSID, SECRET_PASS) != WL_CONNECTED) {
    if (millis() - began > GIVE_UP_AFTER) {
      restart();
    }
    delay(2000);
  }
}

// After a Wi-Fi drop WiFi101 never opens the port for updates again, even when the Wi-Fi is back: only a reset does.
void restartWhenDisconnected() {
  static unsigned long connected = millis();
  if (WiFi.status() == WL_CONNECTED) {
    connected = millis();
  } else if (millis() - connected > GIVE_UP_AFTER) {
    restart();
  }
}

void restart() {
  delay(1000);
  NVIC_SystemReset();
}

// http://<address of the board>/ says that the sketch does what it is for. Enter http://{host}/ as the health check in
// Home Assistant: a version that does not answer there is replaced by the one before.
void answerHealthCheck() {
  WiFiClient client = health.available();
  if (!client) {
    return;
  }
  while (client.available()) {
    client.read();
  }
  client.print(F("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n" SKETCH_VERSION "\n"));
  client.flush();
  client.stop();
}

// What your board is for. Never wait in here: compare times instead.
void water() {
  digitalWrite(LED_BUILTIN, millis() / 500 % 2);
}
