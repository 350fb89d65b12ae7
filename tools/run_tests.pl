# Runs tests of the named kinds and ends with one line: N passed, N failed, N skipped.
use v5.36;
use open qw(:std :encoding(UTF-8));
use TAP::Harness;

my $longest = $ENV{TEST_SECONDS} // 600;    # a file that takes longer hangs
my $jobs = $ENV{JOBS} // do { chomp(my $n = qx(nproc)); $n + 1 };
my @only = split ' ', $ENV{ONLY} // '';     # parts of paths: just these files
my @except = split ' ', $ENV{EXCEPT} // ''; # and of these none
my $build = join '/', 'build', grep { length } $ENV{VARIANT} // '';
my @limit = ('timeout', '-k', '10', $longest);

sub among ($file, @parts) { grep { index($file, $_) >= 0 } @parts }
sub wanted ($file) { (!@only || among($file, @only)) && !among($file, @except) }

sub node ($file) {
    my @report = ('--test-reporter=./tools/tap.mjs', '--test-reporter-destination=stdout');
    [@limit, 'node', @report, $file];
}

# A libpq address with another database; the later word wins.
sub database ($name) { "$ENV{COUNTERSIGN_DB_SUPERUSER} dbname=$name" }

sub psql ($url, @words) {
    system('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $url, @words) == 0
        or die "psql @words failed\n";
}

sub own_database ($file) { 'test_' . $file =~ s{.*/(\w+)\.sql$}{$1}r }

# Each file of SQL tests has a database of its own, untouched by the others.
sub make_databases (@files) {
    $ENV{PGOPTIONS} = '-c client_min_messages=warning';
    for my $name (map { own_database($_) } @files) {
        psql(database('postgres'), '-c', "create database $name template countersign");
        psql(database($name), '-f', 'sql/roles.sql');    # rights on a database are not copied
    }
    delete $ENV{PGOPTIONS};
}

my %kinds = (
    unit => {
        files => sub {
            map { s{^tests/unit/(.*)\.c$}{$build/unit/$1}r } glob 'tests/unit/test_*.c';
        },
        exec  => sub ($file) { [@limit, $file] },
    },
    sql => {
        files => sub { glob 'tests/sql/*.sql' },
        exec  => sub ($file) {
            my $url = database(own_database($file));
            ['env', "COUNTERSIGN_DB_SUPERUSER=$url", @limit,
                'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $url, '-f', $file];
        },
        prepare => \&make_databases,
    },
    flow    => { files => sub { glob 'tests/{flow,input}/*.test.mjs' }, exec => \&node },
    browser => { files => sub { glob 'tests/browser/*.test.mjs' }, exec => \&node },
);

my %sum = (passed => 0, failed => 0, skipped => 0);

# What one file adds: a file that dies, hangs or plans badly is one failure more.
sub add ($parser) {
    my $skipped = () = $parser->skipped;
    my $failed  = () = $parser->failed;
    my $passed  = () = $parser->passed;
    $failed++ if !$failed && ($parser->has_problems || $parser->wait);
    $failed++ if !$parser->tests_run && !$failed && !$parser->skip_all;
    $skipped++ if $parser->skip_all;
    $sum{passed} += $passed - ($parser->skip_all ? 0 : $skipped);
    $sum{skipped} += $skipped;
    $sum{failed} += $failed;
}

$| = 1;
my %files;
for my $name (@ARGV) {
    my $kind = $kinds{$name} or die "there is no kind of test called $name\n";
    $files{$name} = [grep { wanted($_) } $kind->{files}->()];
    $kind->{prepare}->(@{$files{$name}}) if $kind->{prepare};
}
for my $name (@ARGV) {
    my $kind = $kinds{$name};
    my @files = @{$files{$name}} or next;
    # Stories start stacks of their own, which the addresses of ours would mislead.
    delete @ENV{grep { /^COUNTERSIGN_|^(DATABASE|REDIS|PUBLIC)_URL$|^DATA_DIR$/ } keys %ENV}
        if $name =~ /flow|browser/;
    my %before = %sum;
    say "-- $name";
    my $harness = TAP::Harness->new({
        # Each file of page tests has a Chromium of its own, which is several processes.
        jobs => $name eq 'browser' ? 2 : $jobs, timer => 1, failures => 1, comments => 1,
        exec => sub ($, $file) { $kind->{exec}->($file) },
    });
    my $results = $harness->runtests(@files);
    add($_) for $results->parsers;
    say "-- $name: " . join ', ', map { $sum{$_} - $before{$_} . " $_" } qw(passed failed skipped);
}
say "$sum{passed} passed, $sum{failed} failed, $sum{skipped} skipped";
my $bad = $sum{failed} || ($ENV{CI} && $sum{skipped}) || !$sum{passed};
exit($bad ? 1 : 0);
