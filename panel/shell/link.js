// The way to the service: its properties, its signals, and what a person asks of it.
//
// Owns every subscription on the session bus, and whether the service is there and answers. Nothing here asks at
// intervals: the bus tells. Must not know of the shell, nor make sentences.
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

const BUS_NAME = 'com.example.Headroom';
const OBJECT_PATH = '/org/headroom/Control';
const INTERFACE = 'org.headroom.Control';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
// What a service in good health needs for any answer, with much to spare.
const ANSWER_MS = 3000;
const NO_LIMIT = GLib.MAXINT32;

export class Link {
    // listener: changed(), metersRead(bus, streams), metersEnded(), caught()
    constructor(listener) {
        this._listener = listener;
        this._bus = Gio.DBus.session;
        this._properties = new Map();
        this._subscriptions = [];
        this._timers = new Set();
        this._owner = null;
        this._isSilent = false;
        this._hz = 0;
        this._metersId = 0;
        this._lateId = 0;
    }

    start() {
        this._cancellable = new Gio.Cancellable();
        this._watchId = Gio.bus_watch_name_on_connection(this._bus, BUS_NAME, Gio.BusNameWatcherFlags.NONE,
            (_bus, _name, owner) => this._appeared(owner), () => this._vanished());
    }

    stop() {
        this.unwatchMeters();
        Gio.bus_unwatch_name(this._watchId);
        this._forget();
        this._cancellable.cancel();
        this._listener = null;
    }

    // "absent": no service; "silent": it does not answer; "connecting"; otherwise its property State.
    get state() {
        if (!this._owner)
            return 'absent';
        if (this._isSilent)
            return 'silent';
        return this.get('State') ?? 'connecting';
    }

    // The last known value of a property; undefined where it is not known.
    get(name) {
        return this._properties.get(name)?.recursiveUnpack();
    }

    set(name, signature, value, refused) {
        this._ask(OBJECT_PATH, PROPERTIES, 'Set',
            new GLib.Variant('(ssv)', [INTERFACE, name, new GLib.Variant(signature, value)]), refused);
    }

    call(method, parameters, refused) {
        this._ask(OBJECT_PATH, INTERFACE, method, parameters, refused);
    }

    // Has the bus start the service.
    startService(refused) {
        this._bus.call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'StartServiceByName',
            new GLib.Variant('(su)', [BUS_NAME, 0]), null, Gio.DBusCallFlags.NONE, NO_LIMIT, this._cancellable,
            (bus, result) => this._finish(bus, result, refused));
    }

    // Readings are sent from now on, also after a restart of the service, until unwatchMeters().
    watchMeters(hz) {
        this._hz = hz;
        this._subscribeMeters();
    }

    unwatchMeters() {
        this._endMeters();
        if (this._hz && this._owner)
            this._ask(OBJECT_PATH, INTERFACE, 'UnsubscribeMeters', null);
        this._hz = 0;
    }

    _subscribeMeters() {
        if (!this._hz || !this._owner || this._metersId)
            return;
        this._metersId = this._listen(INTERFACE, 'Meters', null, parameters => {
            this._expectMeters();
            const [, bus, streams] = parameters.recursiveUnpack();
            this._listener?.metersRead(bus, new Map(streams));
        });
        this._expectMeters();
        this._ask(OBJECT_PATH, INTERFACE, 'SubscribeMeters', new GLib.Variant('(d)', [this._hz]));
    }

    _endMeters() {
        if (this._metersId)
            this._bus.signal_unsubscribe(this._metersId);
        this._metersId = 0;
        this._stopTimer(this._lateId);
        this._lateId = 0;
    }

    // A reading that does not come is noticed, and what is shown does not stay as it was.
    _expectMeters() {
        this._stopTimer(this._lateId);
        this._lateId = this._after(ANSWER_MS, () => {
            this._lateId = 0;
            this._listener?.metersEnded();
            this._readAll();
        });
    }

    _appeared(owner) {
        this._forget();
        this._owner = owner;
        this._subscriptions = [
            this._listen(PROPERTIES, 'PropertiesChanged', INTERFACE, parameters => {
                const changed = parameters.get_child_value(1);
                for (let i = 0; i < changed.n_children(); i++) {
                    const entry = changed.get_child_value(i);
                    this._properties.set(entry.get_child_value(0).get_string()[0],
                        entry.get_child_value(1).get_variant());
                }
                this._answered();
            }),
            this._listen(INTERFACE, 'Caught', null, () => this._listener?.caught()),
        ];
        this._readAll();
        this._subscribeMeters();
        this._listener?.changed();
    }

    _vanished() {
        this._forget();
        this._listener?.metersEnded();
        this._listener?.changed();
    }

    _forget() {
        this._endMeters();
        this._subscriptions.forEach(id => this._bus.signal_unsubscribe(id));
        this._subscriptions = [];
        this._timers.forEach(id => GLib.source_remove(id));
        this._timers.clear();
        this._properties.clear();
        this._owner = null;
        this._isSilent = false;
    }

    _listen(iface, signal, arg0, heard) {
        return this._bus.signal_subscribe(this._owner, iface, signal, OBJECT_PATH, arg0, Gio.DBusSignalFlags.NONE,
            (_bus, _sender, _path, _iface, _signal, parameters) => heard(parameters));
    }

    // Reads every property. The answer may take as long as it likes: a service that hangs is noticed after ANSWER_MS,
    // and by its late answer it is known to be back.
    _readAll() {
        const owner = this._owner;
        if (!owner)
            return;
        const late = this._after(ANSWER_MS, () => this._fellSilent());
        this._bus.call(owner, OBJECT_PATH, PROPERTIES, 'GetAll', new GLib.Variant('(s)', [INTERFACE]),
            null, Gio.DBusCallFlags.NO_AUTO_START, NO_LIMIT, this._cancellable, (bus, result) => {
                try {
                    const all = bus.call_finish(result).get_child_value(0);
                    // The service of before.
                    if (owner !== this._owner)
                        return;
                    this._stopTimer(late);
                    for (let i = 0; i < all.n_children(); i++) {
                        const entry = all.get_child_value(i);
                        this._properties.set(entry.get_child_value(0).get_string()[0],
                            entry.get_child_value(1).get_variant());
                    }
                    this._answered();
                } catch (error) {
                    // It went before it answered: the bus tells that, too.
                    if (!error.matches?.(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
                        this._listener?.changed();
                }
            });
    }

    _answered() {
        this._isSilent = false;
        // Readings had ended: they are asked for again.
        if (this._hz && !this._lateId) {
            this._endMeters();
            this._subscribeMeters();
        }
        this._listener?.changed();
    }

    _fellSilent() {
        if (this._isSilent)
            return;
        this._isSilent = true;
        this._listener?.metersEnded();
        this._listener?.changed();
    }

    _ask(path, iface, method, parameters, refused = null) {
        if (!this._owner)
            return;
        const owner = this._owner;
        this._bus.call(owner, path, iface, method, parameters, null, Gio.DBusCallFlags.NO_AUTO_START, ANSWER_MS,
            this._cancellable, (bus, result) => {
                if (this._finish(bus, result, refused) || owner !== this._owner)
                    return;
                this._fellSilent();
                this._readAll();
            });
    }

    // Returns whether the call was answered; a refusal is an answer.
    _finish(bus, result, refused) {
        try {
            bus.call_finish(result);
        } catch (error) {
            if (error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
                return true;
            if (error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT) ||
                error.matches(Gio.DBusError, Gio.DBusError.NO_REPLY) ||
                error.matches(Gio.DBusError, Gio.DBusError.TIMEOUT))
                return false;
            Gio.DBusError.strip_remote_error(error);
            refused?.(error.message);
        }
        return true;
    }

    _after(milliseconds, act) {
        const id = GLib.timeout_add(GLib.PRIORITY_DEFAULT, milliseconds, () => {
            this._timers.delete(id);
            act();
            return GLib.SOURCE_REMOVE;
        });
        this._timers.add(id);
        return id;
    }

    _stopTimer(id) {
        if (this._timers.delete(id))
            GLib.source_remove(id);
    }
}
